import Foundation
import TestSupport
import Testing
import ZooKit
import ZooStore
import ZooVision

/// A file of `Tests/Golden/vision/samples`, and what Pillow reads from it.
struct Sample: Decodable, CustomTestStringConvertible {
  let file: String
  let size: [Int]
  let stored, oriented, rgb, grey: String
  var testDescription: String { file }

  static let all: [Sample] = Golden.records("samples")
}

/// A photograph of the fixtures: name, and digests of its pixels, of the centre crop's, and of the
/// normalised input's.
typealias Photo = [String]

@Suite struct DecodingTests {
  @Test(arguments: Sample.all)
  func equalsPillow(_ sample: Sample) throws {
    let path = Golden.sample(sample.file)
    let picture = try Picture(contentsOf: path, orient: false)
    #expect([picture.height, picture.width, picture.channels] == sample.size)
    #expect(digest(picture) == sample.stored)
    #expect(try digest(Picture(contentsOf: path)) == sample.oriented)
    #expect(try digest(picture.rgb) == sample.rgb)
    #expect(try digest(picture.grey) == sample.grey)
    #expect(picture.isReduced == sample.file.contains("16"))
    #expect(try picture.rgb.resized(to: 5).isReduced == picture.isReduced)
  }

  @Test(.enabled(if: Fixtures.areHere, "the fixtures are not here"))
  func photosEqualPillow() throws {
    let photos = Golden.records("photos") as [Photo]
    #expect(!photos.isEmpty)
    for photo in photos {
      let picture = try Picture(contentsOf: Fixtures.path(photo[0]), orient: false)
      #expect(digest(picture) == photo[1], "\(photo[0])")
    }
  }

  @Test(arguments: 1...8)
  func everyOrientationShowsTheSamePicture(_ number: Int) throws {
    let upright = try Picture(contentsOf: Golden.sample("orientation-1.jpg"))
    let turned = try Picture(contentsOf: Golden.sample("orientation-\(number).jpg"))
    #expect(turned.size == (number < 5 ? upright.size : .init(upright.width, upright.height)))
    // Turning by the inverse leads back to what is stored.
    let inverse = [6: 8, 8: 6][number] ?? number
    let back = try turned.oriented(try #require(Orientation(inverse)))
    #expect(back == upright)
  }

  @Test(arguments: [1, 3, 4])
  func pngRoundTrip(_ channels: Int) throws {
    let picture = try synthetic(83, 41, channels)
    let path = NSTemporaryDirectory() + "zoo-\(UUID().uuidString).png"
    defer { unlink(path) }
    try picture.write(png: path)
    #expect(try Picture(contentsOf: path) == picture)
    #expect(try Picture(decoding: picture.png, origin: "memory") == picture)
  }

  @Test func writingFailsInWords() throws {
    let error = #expect(throws: ZooError.self) {
      try synthetic(2, 2, 3).write(png: "/nowhere/at/all.png")
    }
    #expect(error?.kind == .cannotCreate)
  }

  @Test func valuesAreCopiedWhenWritten() throws {
    let black = try Picture(width: 2, height: 1, channels: 1)
    var white = black
    try white.withMutablePixels { $0.update(repeating: 255) }
    #expect(black.pixels == [0, 0])
    #expect(white.pixels == [255, 255])
  }
}
