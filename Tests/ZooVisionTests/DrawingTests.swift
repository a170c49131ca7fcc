import Foundation
import TestSupport
import Testing
import ZooKit
import ZooVision

/// How much of a black picture is white after drawing, in pixels.
private func ink(
  _ width: Int = 64, _ height: Int = 64, _ draw: (borrowing Canvas) throws -> Void
) throws -> Double {
  try Picture(width: width, height: height, channels: 1).drawn(draw).pixels
    .reduce(0) { $0 + Double($1) } / 3 / 255
}

@Suite struct RectangleTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let frame: Frame
    var radius = 0.0
    let area: Double
  }

  static let shapes = [
    Shape(
      testDescription: "of pixels", frame: Frame(x0: 10, y0: 10, x1: 20, y1: 20), area: 100),
    Shape(
      testDescription: "between pixels", frame: Frame(x0: 10.25, y0: 10.5, x1: 20.5, y1: 20.75),
      area: 10.25 * 10.25),
    Shape(
      testDescription: "thinner than a pixel", frame: Frame(x0: 2, y0: 3.25, x1: 62, y1: 3.75),
      area: 30),
    Shape(
      testDescription: "with round corners", frame: Frame(x0: 4, y0: 6, x1: 54, y1: 46), radius: 10,
      area: 2000 - 100 * (4 - .pi)),
    Shape(
      testDescription: "as round as it can be", frame: Frame(x0: 7, y0: 7, x1: 57, y1: 57),
      radius: .infinity, area: .pi * 625),
    Shape(
      testDescription: "beyond every border",
      frame: Frame(x0: -1e12, y0: -500, x1: 1e12, y1: 32), area: 2048),
    Shape(
      testDescription: "infinite",
      frame: Frame(x0: -.infinity, y0: 8, x1: .infinity, y1: 24), area: 1024),
    Shape(testDescription: "elsewhere", frame: Frame(x0: 70, y0: 0, x1: 90, y1: 20), area: 0),
    Shape(testDescription: "empty", frame: Frame(x0: 3, y0: 3, x1: 3, y1: 50), area: 0),
    Shape(testDescription: "inside out", frame: Frame(x0: 9, y0: 9, x1: 3, y1: 3), area: 0),
    Shape(testDescription: "not a number", frame: Frame(x0: 3, y0: .nan, x1: 9, y1: 9), area: 0),
  ]

  /// Samples are rounded to 1/255 and arcs are curves; anything more would be a mistake.
  @Test(arguments: shapes)
  func areaIsCovered(_ shape: Shape) throws {
    let area = try ink { $0.fill(shape.frame, radius: shape.radius, .white) }
    #expect(abs(area - shape.area) < 0.0025 * shape.area + 0.1)
  }

  @Test func colourIsBlended() throws {
    let pixel = Frame(x0: 0, y0: 0, x1: 1, y1: 1)
    let picture = try Picture(width: 2, height: 1, channels: 3, pixels: [200, 100, 0, 9, 8, 7])
      .drawn { $0.fill(pixel, Colour(100, 200, 50, alpha: 0.5)) }
    let expected: [UInt8] = [150, 150, 25, 9, 8, 7]
    for (level, wanted) in zip(picture.pixels, expected) {
      #expect(abs(Int(level) - Int(wanted)) <= 1)
    }
    #expect(picture.pixels[3...] == [9, 8, 7])
    let kept = try picture.drawn { $0.fill(pixel, Colour(1, 2, 3, alpha: .nan)) }
    #expect(kept == picture)
    let covered = try picture.drawn { $0.fill(pixel, Colour(1, 2, 3)) }
    #expect(covered.pixels == [1, 2, 3, 9, 8, 7])
  }

  @Test(arguments: [0.5, 1, 2, 3.5, 8, 21])
  func linesAreWithinTheirRectangle(_ width: Double) throws {
    let frame = Frame(x0: 10, y0: 12, x1: 50, y1: 42)
    let hole = max(40 - 2 * width, 0) * max(30 - 2 * width, 0)
    let level = try ink { $0.outline(frame, lineWidth: width, .white) }
    #expect(abs(level - (1200 - hole)) < 0.01 * 1200)
    let outside = try ink {
      $0.outline(frame, lineWidth: width, .white)
      $0.fill(frame, .black)
    }
    #expect(outside == 0)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300])
  func anyNumberIsSurvived(_ number: Double) throws {
    let letters = try Typeface(size: 12)
    _ = try ink {
      $0.fill(Frame(x0: number, y0: 0, x1: 5, y1: number), radius: number, .white)
      $0.fill(Frame(x0: 1, y0: 1, x1: 9, y1: 9), radius: number, .white)
      $0.outline(Frame(x0: 1, y0: 1, x1: 9, y1: 9), lineWidth: number, radius: number, .white)
      $0.outline(Frame(x0: 1, y0: number, x1: 9, y1: 9), lineWidth: 1, .white)
      $0.write("text", at: [number, 9], letters, .white)
    }
    _ = try Typeface(size: number)
  }

  /// Cairo's own pictures end at 32,767 pixels.
  @Test func longPicturesAreDrawnWhole() throws {
    let (length, letters) = (40_000, try Typeface(size: 12))
    func drawing(_ width: Int, _ offset: Double) throws -> Picture {
      try Picture(width: width, height: 16, channels: 3).drawn { canvas in
        canvas.fill(Frame(x0: 20.5 - offset, y0: 2, x1: 80.25 - offset, y1: 9.5), radius: 3, .white)
        canvas.write("seam", at: [30 - offset, 9], letters, Colour(200, 0, 0))
      }
    }
    let short = try drawing(100, 0)
    for start in [16_384 - 50, 32_768 - 50, length - 100] {
      let long = try drawing(length, -Double(start))
      #expect(
        try long.cropped(to: Region(x: start, y: 0, width: 100, height: 16)) == short, "\(start)")
    }
  }
}

@Suite struct TypefaceTests {
  static let ascii = (0x20...0x7E).map { Character(UnicodeScalar($0)) }
  static let letters = Array(
    "áàâäãåçéèêëíìîïñóòôöõøúùûüýÿßæœÁÀÂÄÃÅÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØÚÙÛÜÝÆšžčŠŽČ°×µ€–—‘’“”…")

  @Test func everyCharacterIsItself() throws {
    let typeface = try Typeface(size: 48)
    func drawing(_ character: Character) throws -> Picture {
      try Picture(width: 80, height: 80, channels: 1).drawn {
        $0.write(String(character), at: [16, 56], typeface, .white)
      }
    }
    let unknown = try drawing("\u{10FFFD}")
    var seen: [[UInt8]: Character] = [:]
    for character in Self.ascii + Self.letters {
      let drawing = try drawing(character)
      #expect(drawing != unknown, "\(character) is missing")
      let pixels = drawing.pixels
      #expect((pixels.max() == 0) == (character == " "))
      #expect(seen[pixels] == nil, "\(character) looks like \(seen[pixels] ?? " ")")
      seen[pixels] = character
    }
  }

  @Test func widthAddsUpAndGrows() throws {
    let (small, large) = (try Typeface(size: 20), try Typeface(size: 40))
    #expect(small.width(of: "") == 0)
    for digit in "0123456789" {
      #expect(small.width(of: String(digit)) == small.width(of: "0"))
    }
    let words = small.width(of: "golden retriever")
    #expect(small.width(of: "golden") + small.width(of: " retriever") == words)
    #expect(abs(large.width(of: "golden retriever") / words - 2) < 0.05)
    #expect(abs(large.capHeight / small.capHeight - 2) < 0.15)
    #expect(small.width(of: "i") < small.width(of: "m") / 2)
  }

  /// Ink stays where the width says, from below the baseline to above the capitals.
  @Test(arguments: [12.0, 16, 24, 96])
  func inkStaysInPlace(_ size: Double) throws {
    let typeface = try Typeface(size: size)
    let text = "Ångström, jagged fjords — 100 %"
    let width = Int(typeface.width(of: text))
    let height = Int(2 * size)
    let picture = try Picture(width: width + 40, height: height, channels: 3).drawn {
      $0.write(text, at: [20, (1.4 * size).rounded()], typeface, .white)
    }
    let pixels = picture.pixels
    var (left, right) = (width, 0)
    for y in 0..<height {
      for x in 0..<width + 40 where pixels[3 * (y * (width + 40) + x)] > 0 {
        (left, right) = (min(left, x), max(right, x))
        #expect(y >= Int(0.3 * size) && y <= Int(1.75 * size))
      }
    }
    #expect(left >= 18 && right <= width + 22)
    #expect(Double(right - left) > 0.9 * Double(width))
  }

  /// What makes small text crisp: the baseline and the tops of letters end where pixels do.
  @Test(arguments: 11...40)
  func heightsMeetPixels(_ size: Int) throws {
    let typeface = try Typeface(size: Double(size))
    let picture = try Picture(width: 60, height: 60, channels: 3).drawn {
      $0.write("H", at: [5, 50], typeface, .white)
    }
    let rows = (0..<60).map { y in picture.pixels[(3 * 60 * y)..<(3 * 60 * (y + 1))].max() ?? 0 }
    let top = try #require(rows.firstIndex { $0 > 0 })
    #expect(rows[top] > 150 && rows[top] == rows[top + 1])
    #expect(rows[49] == rows[48] && rows[50] == 0)
    #expect(Double(50 - top) == typeface.capHeight)
  }

  @Test func shorteningKeepsWhatFits() throws {
    let typeface = try Typeface(size: 16)
    #expect(typeface.shortened("bus", to: 100) == "bus")
    let short = typeface.shortened("German short-haired pointer", to: 120)
    #expect(short.hasPrefix("German") && short.hasSuffix("…"))
    #expect(typeface.width(of: short) <= 120)
    #expect(typeface.width(of: short.dropLast() + "mm…") > 120)
    #expect(typeface.shortened("bus", to: 0) == "…")
  }
}

@Suite struct ColourTests {
  private func luminance(_ colour: Colour) -> Double {
    zip([colour.red, colour.green, colour.blue], [0.2126, 0.7152, 0.0722]).reduce(0) {
      let value = Double($1.0) / 255
      return $0 + $1.1 * (value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4))
    }
  }

  @Test func labelsAreReadable() {
    for index in -3..<1000 {
      let colour = Colour(ofClass: index)
      let (a, b) = (luminance(colour), luminance(colour.readable))
      #expect((max(a, b) + 0.05) / (min(a, b) + 0.05) >= 4.5)
    }
  }

  @Test func firstClassesAreTold() {
    let colours = (0..<12).map(Colour.init(ofClass:))
    for (index, a) in colours.enumerated() {
      for b in colours[..<index] {
        let apart = [(a.red, b.red), (a.green, b.green), (a.blue, b.blue)]
          .reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
        #expect(apart > 50)
      }
    }
  }
}

@Suite struct AnnotationTests {
  private let boxes = [
    LabelledBox(Frame(x0: 10, y0: 12, x1: 60, y1: 70), label: "ant", score: 0.9, classIndex: 0),
    LabelledBox(Frame(x0: 12, y0: 13, x1: 61, y1: 71), label: "bee", score: 0.8, classIndex: 1),
    LabelledBox(Frame(x0: 60, y0: 70, x1: 10, y1: 12), label: "", score: nil, classIndex: 2),
    LabelledBox(Frame(x0: -50, y0: -50, x1: 1e9, y1: 1e9), label: "all", score: 2, classIndex: -1),
    LabelledBox(Frame(x0: 30, y0: 30, x1: 30, y1: 30), label: "dot", score: -1, classIndex: .max),
    LabelledBox(Frame(x0: 500, y0: 0, x1: 600, y1: 9000), label: "out", classIndex: 4),
    LabelledBox(
      Frame(x0: .nan, y0: 0, x1: 9, y1: 9), label: "none", score: .nan, classIndex: .min),
    LabelledBox(
      Frame(x0: -.infinity, y0: 5, x1: .infinity, y1: 9), label: "wide", score: .infinity,
      classIndex: 6),
    LabelledBox(
      Frame(x0: 1, y0: 1, x1: 9, y1: 9), label: String(repeating: "long ", count: 999),
      classIndex: 7),
  ]

  @Test(arguments: [(1, 1), (1, 900), (900, 1), (100, 75), (1000, 700), (4000, 3000)])
  func anyBoxOnAnyPicture(_ width: Int, _ height: Int) throws {
    for channels in [1, 3, 4] {
      let picture = try Picture(width: width, height: height, channels: channels)
      let marked = try picture.marked(with: boxes)
      let scale = marked.width / width
      #expect(max(width, height) >= 400 ? scale == 1 : max(marked.width, marked.height) >= 400)
      #expect((marked.width, marked.height) == (width * scale, height * scale))
      #expect(marked.channels == 3)
      #expect(marked.pixels.contains { $0 > 0 })
      guard width * height < 1_000_000 else { break }
    }
  }

  @Test func linesAreWithinTheirBox() throws {
    let frame = Frame(x0: 100, y0: 120, x1: 300, y1: 260)
    let marked = try Picture(width: 640, height: 480, channels: 3)
      .marked(with: [LabelledBox(frame, label: "", classIndex: 0)])
    let pixels = marked.pixels
    for y in 0..<480 {
      for x in 0..<640 {
        let isInside = 100..<300 ~= x && 120..<260 ~= y
        let isDeep = 105..<295 ~= x && 125..<255 ~= y
        let isDrawn = pixels[3 * (y * 640 + x)] > 0
        if isDrawn { #expect(isInside && !isDeep) }
        if y == 180, x == 100 || x == 299 { #expect(isDrawn) }
      }
    }
  }

  /// Labels of the same place are all to be read: as much of each colour as if it were alone.
  @Test func labelsMakeRoom() throws {
    let picture = try Picture(width: 640, height: 480, channels: 3)
    func tab(_ index: Int, _ boxes: Int) throws -> Int {
      let frame = Frame(x0: 100, y0: 100, x1: 101, y1: 101)
      let all = (0..<boxes).map {
        LabelledBox(frame, label: "label", score: 0.5, classIndex: boxes == 1 ? index : $0)
      }
      let colour = Colour(ofClass: index)
      let pixels = try picture.marked(with: all).pixels
      return stride(from: 0, to: pixels.count, by: 3).count {
        (pixels[$0], pixels[$0 + 1], pixels[$0 + 2]) == (colour.red, colour.green, colour.blue)
      }
    }
    for index in 0..<4 { #expect(try Double(tab(index, 4)) > 0.9 * Double(tab(index, 1))) }
  }

  @Test(arguments: [(1, 1), (32, 32), (1, 700), (700, 1), (600, 400), (400, 600)])
  func anyPictureIsCaptioned(_ width: Int, _ height: Int) throws {
    let bars = [0.9, 0.1, 0, .nan, .infinity, -3].enumerated().map {
      Bar(
        "class \($0.offset) of a long, long, very long name", share: $0.element,
        Colour(ofClass: $0.offset))
    }
    let picture = try Picture(width: width, height: height, channels: 1)
    let captioned = try picture.captioned(with: bars)
    // Six rows of the smallest letters, and words of some length.
    #expect(captioned.width >= 252 && captioned.height >= 6 * 29)
    #expect(try picture.captioned(with: []).channels == 3)
  }

  @Test func captionGoesWhereRoomIs() throws {
    let bars = (0..<20).map { Bar("class \($0)", share: 0.05, Colour(ofClass: $0)) }
    let wide = try Picture(width: 800, height: 600, channels: 3).captioned(with: bars)
    #expect(wide.width == 800 && wide.height > 600 && wide.height < 1200)
    let high = try Picture(width: 600, height: 800, channels: 3).captioned(with: bars)
    #expect(high.height == 800 && high.width > 600 && high.width < 1200)
  }

  /// The picture itself is there, untouched.
  @Test func captionLeavesThePicture() throws {
    let photo = try synthetic(500, 300, 3)
    let captioned = try photo.captioned(with: [Bar("ant", share: 0.7, Colour(ofClass: 0))])
    #expect(try captioned.cropped(to: Region(x: 0, y: 0, width: 500, height: 300)) == photo)
  }

  @Test func masksAreTintedAndOutlined() throws {
    let classes = (0..<400).map { UInt8($0 % 20 < 10 ? 0 : 3) }
    let mask = try Picture(width: 20, height: 20, channels: 1, pixels: classes)
    let picture = try Picture(width: 20, height: 20, channels: 3)
    let pixels = try picture.overlaid(mask: mask, alpha: 0.5).pixels
    let colour = Colour(ofClass: 2)
    for y in 0..<20 {
      for x in 0..<20 {
        let level = Int(pixels[3 * (20 * y + x)])
        let full = Int(colour.red)
        #expect(x < 10 ? level == 0 : x == 10 ? level == full : abs(level - full / 2) <= 1)
      }
    }
    #expect(throws: ZooError.self) { try picture.overlaid(mask: picture) }
    #expect(throws: ZooError.self) {
      try picture.overlaid(mask: Picture(width: 20, height: 19, channels: 1))
    }
  }

  /// Any two runs draw the same, in whatever order.
  @Test func drawingsAreRepeated() throws {
    let photo = try synthetic(500, 300, 3)
    let bars = [Bar("ant", share: 0.7, Colour(ofClass: 0))]
    func drawing() throws -> [UInt8] {
      try photo.marked(with: boxes).captioned(with: bars).png
    }
    let first = try drawing()
    _ = try photo.marked(with: Array(boxes.reversed()))
    #expect(try drawing() == first)
  }

  @Test func stripsAreNotBlownUp() throws {
    let strip = try Picture(width: 2, height: 2_000_000, channels: 3)
    let error = #expect(throws: ZooError.self) {
      try strip.captioned(with: [Bar("ant", share: 1, Colour(ofClass: 0))])
    }
    #expect(error?.kind == .failure)
  }

  /// By this thread's own clock, which other tests do not hurry.
  @Test func largePicturesAreDrawnAtOnce() throws {
    func now() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    let picture = try Picture(width: 4000, height: 3000, channels: 3)
    let boxes = (0..<40).map { index in
      LabelledBox(
        Frame(x0: Double(index * 70), y0: 100, x1: Double(index * 70) + 900, y1: 2900),
        label: "class \(index)", score: 0.5, classIndex: index)
    }
    let start = now()
    _ = try picture.marked(with: boxes)
    #expect(now() - start < 0.3)
    let bars = (0..<5).map { Bar("class \($0)", share: 0.2, Colour(ofClass: $0)) }
    let middle = now()
    _ = try picture.captioned(with: bars)
    #expect(now() - middle < 0.3)
  }
}

@Suite struct DrawingFolderTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  @Test func namesAreUnique() throws {
    try withFolder { folder in
      let picture = try Picture(width: 2, height: 2, channels: 3)
      var drawings = try DrawingFolder("\(folder)/a/b/")
      let names = ["x/cat.jpg", "y/cat.png", "cat-2.jpg", "cat", ".cat", "a.b.jpeg", "/"]
      let paths = try names.map { try drawings.write(picture, of: $0) }
      #expect(
        paths.map { $0.dropFirst(folder.count + 5) } == [
          "cat.png", "cat-2.png", "cat-2-2.png", "cat-3.png", ".cat.png", "a.b.png", "picture.png",
        ])
      for path in paths { #expect(try Picture(contentsOf: path) == picture) }
    }
  }

  @Test func originalsAreSpared() throws {
    try withFolder { folder in
      let (old, new) = (try synthetic(3, 3, 3), try Picture(width: 2, height: 2, channels: 3))
      _ = try DrawingFolder(folder)
      let original = "\(folder)/cat.png"
      try old.write(png: original)
      var drawings = try DrawingFolder(
        folder, sparing: ["\(folder)/../\(folder.split(separator: "/").last!)/cat.png"])
      #expect(try drawings.write(new, of: original) == "\(folder)/cat-2.png")
      #expect(try Picture(contentsOf: original) == old)
      // A drawing of an earlier run is replaced.
      var later = try DrawingFolder(folder, sparing: [original])
      #expect(try later.write(new, of: original) == "\(folder)/cat-2.png")
    }
  }

  @Test func whatCannotBeMadeIsSaid() throws {
    try withFolder { folder in
      let picture = try Picture(width: 2, height: 2, channels: 3)
      var drawings = try DrawingFolder(folder)
      let file = try drawings.write(picture, of: "cat.jpg")
      for path in [file, "\(file)/deeper", ""] {
        let error = #expect(throws: ZooError.self) { try DrawingFolder(path) }
        #expect(error?.kind == .cannotCreate)
      }
      _ = try DrawingFolder("\(folder)/dog.png")
      let error = #expect(throws: ZooError.self) { try drawings.write(picture, of: "dog.jpg") }
      #expect(error?.kind == .cannotCreate)
    }
  }
}
