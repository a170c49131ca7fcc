import Foundation
import TestSupport
import Testing
import ZooKit
import ZooStore
import ZooVision

/// TIFF, WebP, BMP and GIF.
@Suite struct FormatTests {
  static let samples: [Sample] = Golden.records("formats")

  static func path(_ name: String) -> String { "\(Golden.folder)/formats/\(name)" }

  static func bytes(of name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path(name))))
  }

  @Test(arguments: samples)
  func equalsPillow(_ sample: Sample) throws {
    let path = Self.path(sample.file)
    let picture = try Picture(contentsOf: path, orient: false)
    #expect([picture.height, picture.width, picture.channels] == sample.size)
    #expect(digest(picture) == sample.stored)
    #expect(try digest(Picture(contentsOf: path)) == sample.oriented)
    #expect(try digest(picture.rgb) == sample.rgb)
    #expect(try digest(picture.grey) == sample.grey)
    #expect(picture.isReduced == sample.file.contains("16"))
  }

  /// A cut file is rejected. Only bytes that no pixel needs may be missing.
  @Test(arguments: samples)
  func everyTruncationIsRefused(_ sample: Sample) throws {
    let bytes = try Self.bytes(of: sample.file)
    var accepted = 0
    for count in 0..<bytes.count {
      do {
        let picture = try Picture(decoding: Array(bytes[..<count]), origin: "x", orient: false)
        #expect(digest(picture) == sample.stored, "\(count) of \(bytes.count)")
        accepted += 1
      } catch let error as ZooError {
        #expect(error.kind == .corrupt, "\(count): \(error)")
      }
    }
    // Four bytes hold no pixels: the mark of the end of GIF's codes, of its blocks and of the file, the
    // sum of deflated data, the end code of LZW and Group 4, and what pads them. Nor does all that
    // follows the first of two frames or pages.
    let end = ["animated.gif": 596, "pages.tif": 2141][sample.file] ?? bytes.count
    #expect(accepted <= bytes.count - end + 4, "\(accepted) of \(bytes.count)")
  }

  @Test(arguments: [".tif", ".webp", ".bmp", ".gif"])
  func mutantsAreDecodedOrRefused(_ ending: String) throws {
    let files = try Self.samples.map(\.file).filter { $0.hasSuffix(ending) }.map(Self.bytes(of:))
    var refused = 0
    for seed in Torture.rounds(2_000) {
      let random = Random(seed: 9).key(ending).key(seed)
      var bytes = files[seed % files.count]
      for draw in 0...random.below(6, 0) {
        // Half of the changes hit the header.
        let reach = random.below(2, 4 * draw + 1) == 0 ? min(bytes.count, 200) : bytes.count
        let place = random.below(reach, 4 * draw + 2)
        bytes[place] =
          random.below(2, 4 * draw + 3) == 0
          ? bytes[place] ^ 1 << UInt8(random.below(8, 4 * draw + 4))
          : UInt8(random.below(256, 4 * draw + 4))
      }
      do {
        let picture = try Picture(decoding: bytes, origin: "x", pixelLimit: 4_000_000)
        #expect(picture.pixels.count == picture.count)
      } catch is ZooError {
        refused += 1
      }
    }
    let count = Torture.rounds(2_000).count
    #expect(refused > count / 10 && refused < count)
  }

  /// Masks: indices of colours, and numbers of 16 bits.
  @Test func numbersStayNumbers() throws {
    let palette = try Picture(contentsOf: Self.path("palette-of-4-bits.bmp"), asNumbers: true)
    #expect(palette.channels == 1 && palette.pixels.allSatisfy { $0 < 16 })
    #expect(Set(palette.pixels).count > 8)
    for name in ["palette.tif", "palette.bmp", "plain.gif"] {
      let indices = try Picture(contentsOf: Self.path(name), asNumbers: true)
      let seen = try Picture(contentsOf: Self.path(name))
      #expect(indices.channels == 1 && indices.pixels.allSatisfy { $0 < 13 }, "\(name)")
      // Equal indices are equal colours.
      var colours: [UInt8: [UInt8]] = [:]
      for (place, index) in indices.pixels.enumerated() {
        let colour = Array(seen.pixels[3 * place..<3 * place + 3])
        #expect(colours[index] ?? colour == colour)
        colours[index] = colour
      }
    }
    let grey = try Picture(contentsOf: Self.path("grey-lzw.tif"), asNumbers: true)
    #expect(grey == (try Picture(contentsOf: Self.path("grey-lzw.tif"))))
    #expect(throws: ZooError.self) {
      try Picture(contentsOf: Self.path("grey-16.tif"), asNumbers: true)
    }
  }

  @Test func animationsInWebPAreNamed() throws {
    // The flag of the extended header, bit 1.
    var bytes = try Self.bytes(of: "orientation-8.webp")
    #expect(Array(bytes[12..<16]) == Array("VP8X".utf8))
    bytes[20] |= 2
    let error = #expect(throws: ZooError.self) { try Picture(decoding: bytes, origin: "x") }
    #expect(error?.message.contains("animation") == true, "\(error?.message ?? "")")
  }

  /// Reading at once from many threads, as loaders do.
  @Test func formatsAreReadInParallel() async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for turn in 0..<64 {
        let sample = Self.samples[turn % Self.samples.count]
        group.addTask {
          try digest(Picture(contentsOf: Self.path(sample.file), orient: false)) == sample.stored
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }
}

/// Thumbnails.
@Suite struct JPEGWritingTests {
  /// A slope in each direction, which JPEG keeps almost as it is.
  private func slopes(_ channels: Int, _ width: Int = 321, _ height: Int = 123) throws -> Picture {
    try Picture(
      width: width, height: height, channels: channels,
      pixels: (0..<width * height * channels).map { index in
        let (x, y) = (index / channels % width, index / channels / width)
        return index % channels == 3 ? 255 : UInt8((x / 2 + y * (1 + index % channels) / 3) & 255)
      })
  }

  @Test(arguments: [1, 3, 4]) func readsBackAlmostTheSame(_ channels: Int) throws {
    let picture = try slopes(channels)
    let bytes = try picture.jpeg(quality: 95)
    #expect(try bytes == picture.jpeg(quality: 95))
    let back = try Picture(decoding: bytes, origin: "x")
    #expect(back.size == picture.size && back.channels == min(channels, 3))
    let expected = try channels == 4 ? picture.rgb : picture
    let errors = zip(back.pixels, expected.pixels).map { abs(Int($0) - Int($1)) }
    #expect(errors.reduce(0, +) < 3 * errors.count)
    #expect(try picture.jpeg(quality: 20).count < bytes.count)
  }

  /// More bytes than the first room for them.
  @Test func growsWithThePicture() throws {
    let noise = try Picture(
      width: 600, height: 400, channels: 3,
      pixels: (0..<720_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) })
    let bytes = try noise.jpeg(quality: 90)
    #expect(bytes.count > 1 << 16)
    #expect(try Picture(decoding: bytes, origin: "x").size == noise.size)
  }

  @Test func whatDoesNotFitIsNamed() throws {
    let line = try Picture(width: 66_000, height: 1, channels: 1)
    let error = #expect(throws: ZooError.self) { try line.jpeg() }
    #expect(error?.kind == .cannotCreate && error?.message.contains("66000") == true)
  }
}
