import TestSupport
import Testing
import ZooKit
import ZooStore
import ZooVision

@Suite struct ResizingTests {
  struct Resize: Decodable, CustomTestStringConvertible {
    let from, to: [Int]
    let interpolation, digest: String
    var testDescription: String { "\(from) to \(to) \(interpolation)" }
  }

  @Test(arguments: Golden.records("resizes") as [Resize])
  func equalsPillow(_ resize: Resize) throws {
    let picture = try synthetic(resize.from[0], resize.from[1], resize.from[2])
    let interpolation = try #require(Preprocessing.Interpolation(rawValue: resize.interpolation))
    let resized = try picture.resized(
      to: .init(resize.to[1], resize.to[0]), interpolation: interpolation)
    #expect(digest(resized) == resize.digest)
  }

  @Test(arguments: Preprocessing.Interpolation.allCases, [1, 3, 4])
  func aRegionIsCutFromTheWhole(_ interpolation: Preprocessing.Interpolation, channels: Int) throws
  {
    let picture = try synthetic(97, 61, channels)
    let size = Window.Size(44, 130)
    let whole = try picture.resized(to: size, interpolation: interpolation)
    for region in [
      Region(x: 10, y: 7, width: 50, height: 30), Region(x: -4, y: -9, width: 140, height: 70),
      Region(x: 129, y: 43, width: 3, height: 3), Region(x: 500, y: 0, width: 2, height: 2),
    ] {
      let part = try picture.resized(to: size, interpolation: interpolation, showing: region)
      #expect(try part == whole.cropped(to: region))
      let grey = try picture.resized(
        to: size, interpolation: interpolation, showing: region, filling: 127)
      #expect(try grey == whole.cropped(to: region, filling: 127))
    }
  }

  @Test func croppingPads() throws {
    let picture = try Picture(width: 2, height: 2, channels: 1, pixels: [1, 2, 3, 4])
    let around = try picture.cropped(to: Region(x: -1, y: -1, width: 4, height: 3))
    #expect(around.pixels == [0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0])
    let beside = try picture.cropped(to: Region(x: 1, y: 1, width: 2, height: 1), filling: 9)
    #expect(beside.pixels == [4, 9])
    #expect(try picture.cropped(to: Region(x: 5, y: 0, width: 1, height: 1)).pixels == [0])
  }

  @Test func absurdSizesAreErrors() throws {
    let line = try Picture(width: 1, height: 10_000_000, channels: 1)
    #expect(throws: ZooError.self) { try line.resized(to: .init(2_560_000_000, 256)) }
    for interpolation in Preprocessing.Interpolation.allCases {
      let cut = Preprocessing(
        resize: .shorterSide(256), interpolation: interpolation, crop: 224, channels: .grey,
        mean: [0], std: [1])
      #expect(throws: ZooError.self) { try cut.tensor(from: line) }
    }
    #expect(throws: ZooError.self) { try line.resized(to: .init(0, 5)) }
    #expect(try line.resized(to: .init(224, 224)).width == 224)
    #expect(throws: ZooError.self) { try Picture(width: .max, height: 3, channels: 3) }
    #expect(throws: ZooError.self) { try Picture(width: 3, height: 3, channels: 2) }
  }
}
