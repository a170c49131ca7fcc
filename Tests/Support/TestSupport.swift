import Glibc
import ZooKit

/// Real checkpoints and pictures that are not part of the repository.
public enum Fixtures {
  /// `$ZOO_FIXTURES`, else `../shared/fixtures` beside the repository, as an absolute path; nil if
  /// neither exists.
  public static let folder: String? = {
    let candidates = [getenv("ZOO_FIXTURES").map { String(cString: $0) }, "../shared/fixtures"]
    guard let found = candidates.compactMap({ $0 }).first(where: { access($0, R_OK) == 0 }),
      let path = realpath(found, nil)
    else { return nil }
    defer { free(path) }
    return String(cString: path)
  }()

  public static var areHere: Bool { folder != nil }

  public static func path(_ name: String) throws -> String {
    guard let folder else { throw ZooError.notFound("no fixtures") }
    return "\(folder)/\(name)"
  }
}

/// Numbers that a Swift test and a Python script compute to the same bit from a tensor's name:
/// well-conditioned weights without a file.
public enum Formula {
  /// In [−1, 1), by SplitMix64 over the FNV-1a hash of the name.
  public static func unit(_ name: String, _ index: Int) -> Float {
    let hash = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    return unit(hash: hash, index)
  }

  static func unit(hash: UInt64, _ index: Int) -> Float {
    var z = hash &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15 &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Float((z ^ (z >> 31)) >> 40) * 0x1p-23 - 1
  }

  /// A parameter by its full name; the rule depends only on the name's ending and the rank.
  public static func parameter(_ name: String, _ shape: Shape) throws -> Tensor {
    let fanIn = shape.sizes.dropFirst().reduce(1, *)
    let scale: Float
    let offset: Float
    if shape.rank >= 2 {
      (scale, offset) = (Float((6 / Double(fanIn)).squareRoot()), 0)
    } else if name.hasSuffix(".running_var") {
      (scale, offset) = (0.5, 1)
    } else if name.hasSuffix(".weight") {
      (scale, offset) = (0.2, 0.8)
    } else {
      (scale, offset) = (0.1, 0)
    }
    return try tensor(name, shape, scale: scale, offset: offset)
  }

  public static func tensor(
    _ name: String, _ shape: Shape, scale: Float = 1, offset: Float = 0
  ) throws -> Tensor {
    let hash = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    return try Tensor(shape) { values in
      // Safe to share: the ranges do not overlap.
      nonisolated(unsafe) let values = values
      Threads.split(values.count, cost: 4) { range in
        for index in range { values[index] = offset + scale * unit(hash: hash, index) }
      }
    }
  }
}

/// ‖a − b‖₂ / ‖b‖₂ in float64; infinite if the sizes differ or a number is not finite.
public func relativeError(_ a: [Float], _ b: [Float]) -> Double {
  guard a.count == b.count else { return .infinity }
  var difference = 0.0
  var norm = 0.0
  for (x, y) in zip(a, b) {
    difference += (Double(x) - Double(y)) * (Double(x) - Double(y))
    norm += Double(y) * Double(y)
  }
  let error = (difference / max(norm, .leastNormalMagnitude)).squareRoot()
  return error.isFinite ? error : .infinity
}
