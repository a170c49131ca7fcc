import Foundation
import Testing
import ZooKit
import ZooStore

/// Times a store with VGG-16's shapes, 528 MB; only on request, because it writes that much.
@Suite(.enabled(if: getenv("ZOO_SLOW_TESTS") != nil, "set ZOO_SLOW_TESTS to run"))
struct StoreSpeedTests {
  @Test func vgg16() throws {
    let channels = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    var shapes: [Shape] = zip(channels, channels.dropFirst()).map { [$1, $0, 3, 3] }
    shapes += [[4096, 25088], [4096, 4096], [1000, 4096]]
    let weights = try shapes.enumerated().flatMap { index, shape in
      try [("layer\(index).weight", shape), ("layer\(index).bias", [shape[0]])].map {
        (name: $0.0, tensor: try Tensor($0.1) { $0.initialize(repeating: Float(index)) })
      }
    }
    let scratch = try Scratchpad()
    let path = scratch["vgg16.h5"]
    let clock = ContinuousClock()
    print(
      "write:", try clock.measure { try WeightStore.write(to: path, meta: [:], weights: weights) })
    var best = Duration.seconds(1000)
    for _ in 0..<5 {
      let opening = try clock.measure { _ = try WeightStore(path) }
      var count = 0
      let whole = try clock.measure { count = try WeightStore(path).load().count }
      #expect(count == 32)
      print("open:", opening, "open + load + verify:", whole)
      best = min(best, whole)
    }
    #expect(best < .milliseconds(600))
    let bytes = [UInt8](repeating: 7, count: 64 << 20)
    let hashing = clock.measure { _ = SHA256.hexadecimal(of: bytes) }
    print("SHA-256 of 64 MB:", hashing)
  }
}
