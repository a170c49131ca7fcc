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

private func page(_ width: Int, _ height: Int) -> Path {
  .rectangle(Frame(x0: 0, y0: 0, x1: Double(width), y1: Double(height)))
}

@Suite struct FillingTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let path: Path
    let area: Double
  }

  static let shapes = [
    Shape(
      testDescription: "a square of pixels",
      path: Path([[10, 10], [20, 10], [20, 20], [10, 20]]), area: 100),
    Shape(
      testDescription: "a square between pixels",
      path: Path([[10.25, 10.5], [20.5, 10.5], [20.5, 20.75], [10.25, 20.75]]), area: 10.25 * 10.25),
    Shape(
      testDescription: "a triangle", path: Path([[3, 5], [60, 17], [20, 59]]), area: 1437),
    Shape(
      testDescription: "the other way round", path: Path([[20, 59], [60, 17], [3, 5]]), area: 1437
    ),
    Shape(
      testDescription: "a sliver", path: Path([[2, 2], [62, 3], [62, 3.4], [2, 2.3]]), area: 21),
    Shape(testDescription: "a circle", path: .circle([32, 32], radius: 25), area: .pi * 625),
    Shape(
      testDescription: "a rounded rectangle",
      path: .rectangle(Frame(x0: 4, y0: 6, x1: 54, y1: 46), radius: 10),
      area: 2000 - 100 * (4 - .pi)),
    Shape(
      testDescription: "a ring",
      path: Path(
        [[0, 0], [40, 0], [40, 40], [0, 40]], [[10, 10], [10, 30], [30, 30], [30, 10]]),
      area: 1200),
    Shape(
      testDescription: "the same twice",
      path: Path(
        [[0, 0], [40, 0], [40, 40], [0, 40]], [[10, 10], [30, 10], [30, 30], [10, 30]]),
      area: 1600),
    Shape(
      testDescription: "beyond every border",
      path: Path([[-1e12, -500], [1e12, -500], [1e12, 32], [-1e12, 32]]), area: 2048),
    Shape(
      testDescription: "slanted across the left border",
      path: Path([[-20, 0], [20, 0], [-20, 40]]),
      area: 200),
    Shape(
      testDescription: "slanted across the right border",
      path: Path([[84, 0], [44, 0], [84, 40]]),
      area: 200),
    Shape(testDescription: "elsewhere", path: Path([[70, 0], [90, 0], [90, 20]]), area: 0),
    Shape(testDescription: "a line", path: Path([[3, 3], [40, 50]]), area: 0),
    Shape(testDescription: "nothing", path: Path(), area: 0),
    Shape(testDescription: "not a number", path: Path([[3, 3], [.nan, 50], [60, 20]]), area: 0),
    Shape(
      testDescription: "infinite",
      path: Path([[-.infinity, 8], [.infinity, 8], [.infinity, 24], [-.infinity, 24]]),
      area: 1024),
  ]

  /// Samples are rounded to 1/255 and curves to chords; anything more would be a mistake.
  @Test(arguments: shapes)
  func areaIsCovered(_ shape: Shape) throws {
    #expect(abs(try ink { $0.fill(shape.path, .white) } - shape.area) < 0.0012 * shape.area + 0.1)
  }

  /// Every pixel of a half-plane's border, against the area cut by the line.
  @Test func eachPixelIsCoveredByItsArea() throws {
    let picture = try Picture(width: 16, height: 8, channels: 3).drawn {
      // Below y = x / 2.
      $0.fill(Path([[0, 0], [16, 8], [0, 8]]), .white)
    }
    for y in 0..<8 {
      for x in 0..<16 {
        let cover = x / 2 < y ? 1 : x / 2 > y ? 0 : x % 2 == 0 ? 0.75 : 0.25
        let level = Double(picture.pixels[3 * (16 * y + x)])
        #expect(abs(level - 255 * cover) <= 1, "\(x), \(y)")
      }
    }
  }

  @Test func colourIsBlended() throws {
    let picture = try Picture(width: 2, height: 1, channels: 3, pixels: [200, 100, 0, 9, 8, 7])
      .drawn {
        $0.fill(Path([[0, 0], [1, 0], [1, 1], [0, 1]]), Colour(100, 200, 50, alpha: 0.5))
      }
    #expect(picture.pixels == [150, 150, 25, 9, 8, 7])
    let kept = try picture.drawn { $0.fill(page(2, 1), Colour(1, 2, 3, alpha: .nan)) }
    #expect(kept == picture)
  }
}

@Suite struct StrokingTests {
  @Test(arguments: [0.5, 1, 2, 3.5, 8])
  func penCoversItsWidth(_ width: Double) throws {
    let level = try ink { $0.stroke(Path([[-20, 32.5], [90, 32.5]]), width: width, .white) }
    #expect(abs(level - 64 * width) < 0.4)
    let dot = try ink { $0.stroke(Path([[32, 32]]), width: width, .white) }
    // A disc, whose edge is taken straight within a pixel.
    #expect(abs(dot - .pi * width * width / 4) < 0.5)
  }

  @Test func crossingsAreDrawnOnce() throws {
    let half = Colour.white.with(alpha: 0.5)
    let picture = try Picture(width: 64, height: 64, channels: 1).drawn {
      $0.stroke(
        Path([[8, 8], [56, 56]], [[8, 56], [56, 8]], [[8, 8], [56, 56]]), width: 6, half)
    }
    #expect(picture.pixels.max() == 128)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300])
  func anyNumberIsSurvived(_ number: Double) throws {
    _ = try ink {
      $0.stroke(Path([[number, 3], [9, number]], [[number, number]]), width: 3, .white)
      $0.stroke(Path([[1, 3], [9, 4]]), width: number, .white)
      $0.fill(.circle([number, 9], radius: number), .white)
      $0.fill(.circle([9, 9], radius: number), .white)
      $0.fill(.rectangle(Frame(x0: number, y0: 0, x1: 5, y1: number), radius: number), .white)
      $0.outline(Frame(x0: 1, y0: 1, x1: 9, y1: 9), lineWidth: number, radius: number, .white)
      $0.write("text", at: [number, 9], size: 12, .white)
      $0.write("text", at: [2, 9], size: number, .white)
    }
  }
}

@Suite struct TypefaceTests {
  static let ascii = (0x20...0x7E).map { Character(UnicodeScalar($0)) }
  static let letters = Array(
    "áàâäãåçéèêëíìîïñóòôöõøúùûüýÿßæœÁÀÂÄÃÅÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØÚÙÛÜÝÆšžčŠŽČ°×µ€–—‘’“”…")

  private func drawing(_ character: Character) throws -> Picture {
    try Picture(width: 80, height: 80, channels: 1).drawn {
      $0.write(String(character), at: [16, 56], size: 48, .white)
    }
  }

  @Test func everyCharacterIsItself() throws {
    let box = try drawing("字")
    var seen: [[UInt8]: Character] = [:]
    for character in Self.ascii + Self.letters {
      let drawing = try drawing(character)
      #expect(drawing != box, "\(character) is missing")
      let pixels = drawing.pixels
      #expect((pixels.max() == 0) == (character == " "))
      #expect(seen[pixels] == nil, "\(character) looks like \(seen[pixels] ?? " ")")
      seen[pixels] = character
    }
    #expect(try drawing("e\u{301}") == drawing("é"))
  }

  @Test func widthAddsUpAndScales() {
    let size = 21.0
    #expect(Typeface.width(of: "", size: size) == 0)
    for digit in "0123456789" { #expect(Typeface.width(of: String(digit), size: size) == 12) }
    let words = Typeface.width(of: "golden retriever", size: size)
    #expect(
      abs(
        Typeface.width(of: "golden", size: size) + Typeface.width(of: " retriever", size: size)
          - words) < 1e-9)
    #expect(abs(Typeface.width(of: "golden retriever", size: 2 * size) - 2 * words) < 1e-9)
    #expect(Typeface.width(of: "i", size: size) < Typeface.width(of: "m", size: size) / 2)
  }

  /// Ink stays within the advance, from below the baseline to above the capitals.
  @Test(arguments: [12.0, 16, 24, 96])
  func inkStaysInPlace(_ size: Double) throws {
    for character in Self.ascii + Self.letters {
      let width = Int(Typeface.width(of: String(character), size: size).rounded(.up))
      let height = Int(2 * size)
      let picture = try Picture(width: width + 40, height: height, channels: 3).drawn {
        $0.write(String(character), at: [20, (1.4 * size).rounded()], size: size, .white)
      }
      let pixels = picture.pixels
      for y in 0..<height {
        for x in 0..<width + 40 where pixels[3 * (y * (width + 40) + x)] > 0 {
          #expect(
            x >= 19 && x <= width + 20 && y >= Int(0.4 * size) && y <= Int(1.75 * size),
            "\(character)")
        }
      }
    }
  }

  /// What makes small text crisp: the baseline and the tops of letters end where pixels do.
  @Test(arguments: 11...40)
  func heightsMeetPixels(_ size: Int) throws {
    let picture = try Picture(width: 60, height: 60, channels: 3).drawn {
      $0.write("z", at: [5, 50], size: Double(size), .white)
    }
    let rows = (0..<60).map { y in picture.pixels[(3 * 60 * y)..<(3 * 60 * (y + 1))].max() ?? 0 }
    let top = try #require(rows.firstIndex { $0 > 0 })
    #expect(rows[top] > 200)
    #expect(rows[49] > 200 && rows[50] == 0)
  }

  @Test func shorteningKeepsWhatFits() {
    #expect(Typeface.shortened("bus", to: 100, size: 16) == "bus")
    let short = Typeface.shortened("German short-haired pointer", to: 120, size: 16)
    #expect(short.hasPrefix("German") && short.hasSuffix("…"))
    #expect(Typeface.width(of: short, size: 16) <= 120)
    #expect(Typeface.shortened("bus", to: 0, size: 16) == "…")
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

@Suite struct SpecimenTests {
  /// Changes only where a letter, a curve or a colour does; look at the picture then.
  @Test(arguments: [(12.0, "8d966b273f4ba3cb"), (24, "010115167a7c73f1"), (96, "0e017ba2ead1287e")])
  func specimenIsUnchanged(_ size: Double, _ expected: String) throws {
    let lines = [
      "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz",
      "0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "áàâäãåçéèêëíñóöøúüß ÁÄÅÉÖÜÑÇ字",
    ]
    let picture = try Picture(
      width: Int(26 * size), height: Int(7 * size), channels: 3
    ).drawn { canvas in
      for (row, line) in lines.enumerated() {
        let start = [size / 2, size * (1.4 + 1.6 * Double(row))] as Path.Point
        canvas.write(line, at: start, size: size, Colour(ofClass: row))
      }
    }
    if let folder = ProcessInfo.processInfo.environment["ZOO_SPECIMEN"] {
      try picture.write(png: "\(folder)/specimen-\(Int(size)).png")
    }
    #expect(digest(picture) == expected)
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
