import Foundation
import Testing
import ZooData
import ZooKit
import ZooStore
import ZooVision

/// Colours equal to torchvision's on PIL to the bit; `Tests/Golden/data/make.py` wrote them.
@Suite struct ColourTests {
  struct Golden: Decodable {
    struct Colour: Decodable {
      let channels: Int
      let name: String
      let factor: Float
      let hash: String
    }
    struct Blur: Decodable {
      let deviation: Double
      let pixels: [UInt8]
    }
    let colours: [Colour]
    let blurred: [Blur]

    static let all: Golden = {
      let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Golden/data/golden.json")
      return try! JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    }()
  }

  private func digest(_ picture: Picture) -> String {
    let hash = picture.pixels.reduce(0 as UInt64) { $0 &* 0x100_0000_01B3 &+ UInt64($1) }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  @Test(arguments: Golden.all.colours)
  func equalsTorchvision(_ golden: Golden.Colour) throws {
    var picture = try pattern(97, 61, channels: golden.channels)
    let changed: Picture
    switch golden.name {
    case "brightness": changed = try picture.brightened(by: golden.factor)
    case "contrast": changed = try picture.contrasted(by: golden.factor)
    case "saturation": changed = try picture.saturated(by: golden.factor)
    case "hue": changed = try picture.hueShifted(by: golden.factor)
    default:
      let levels = (0..<52).map { UInt8(5 * $0) }
      let pixels = levels.flatMap { r in levels.flatMap { g in levels.flatMap { [r, g, $0] } } }
      picture = try Picture(width: 52 * 52, height: 52, channels: 3, pixels: pixels)
      changed = try picture.hueShifted(by: golden.factor)
    }
    #expect(digest(changed) == golden.hash, "\(golden)")
  }

  @Test(arguments: Golden.all.blurred)
  func blurIsThatOfTorchvision(_ golden: Golden.Blur) throws {
    let blurred = try pattern(31, 23).blurred(deviation: golden.deviation)
    let most = zip(blurred.pixels, golden.pixels).map { abs(Int($0) - Int($1)) }.max()
    // Both round a float32 sum, in another order; the kernels have the same radius.
    #expect(try #require(most) <= 1)
  }
}
