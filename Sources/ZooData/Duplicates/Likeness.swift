import Glibc
import ZooKit
import ZooVision

/// A perceptual hash: what remains of a picture when it is saved again, resized, made brighter,
/// mirrored or turned.
///
/// The picture is shrunk to 32×32 grey pixels. Of its discrete cosine transform, the signs of the
/// lowest 16×16 frequencies are the hash, and the lowest 8×8 confirm a match. A mirrored picture has
/// the same frequencies with other signs, a turned one has them transposed, so all eight positions
/// are compared without another transform.
public struct Likeness: Sendable {
  /// One bit per frequency, the lowest 8×8 in the first word.
  let signs: SIMD4<UInt64>
  /// The same of the transposed picture.
  let turned: SIMD4<UInt64>
  /// The lowest 8×8 frequencies without the mean, of length 1.
  let waves: [Float]

  private static let side = 32
  private static let kept = 16
  static let low = 8
  /// The deviation in grey levels below which a picture is blank.
  private static let leastContrast = 1.0

  /// Nil if the picture is blank, because then the signs are noise.
  public init?(_ picture: Picture) {
    let (side, kept, low) = (Likeness.side, Likeness.kept, Likeness.low)
    guard let small = try? picture.resized(to: .init(side, side)).grey else { return nil }
    let frequencies = small.withPixels(Likeness.transformed)
    let energy = frequencies.reduce(0) { $0 + Double($1) * Double($1) }
    // 16 is the scale of an orthonormal transform of 32×32, 32 its number of pixels' root.
    guard energy.squareRoot() / 16 / 32 >= Likeness.leastContrast else { return nil }
    func bits(_ value: (_ u: Int, _ v: Int) -> Float) -> SIMD4<UInt64> {
      var words = SIMD4<UInt64>()
      for (bit, place) in Likeness.places.enumerated() where value(place.u, place.v) < 0 {
        words[bit / 64] |= 1 << UInt64(bit % 64)
      }
      return words
    }
    signs = bits { u, v in frequencies[v * kept + u] }
    turned = bits { u, v in frequencies[u * kept + v] }
    let block = (0..<low * low).map { frequencies[$0 / low * kept + $0 % low] }
    let length = block.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard length > 0 else { return nil }
    waves = block.map { $0 / length }
  }

  /// The frequencies of the bits: the lowest 8×8, then the others.
  private static let places: [(u: Int, v: Int)] = {
    let all = (0..<kept * kept).map { (u: $0 % kept, v: $0 / kept) }
    let isLow = { (place: (u: Int, v: Int)) in max(place.u, place.v) < low }
    return all.filter(isLow) + all.filter { !isLow($0) }
  }()

  /// The bits that change when the picture is mirrored from left to right, and upside down.
  private static let odd: (across: SIMD4<UInt64>, down: SIMD4<UInt64>) = {
    var (across, down) = (SIMD4<UInt64>(), SIMD4<UInt64>())
    for (bit, place) in places.enumerated() {
      across[bit / 64] |= UInt64(place.u % 2) << UInt64(bit % 64)
      down[bit / 64] |= UInt64(place.v % 2) << UInt64(bit % 64)
    }
    return (across, down)
  }()

  /// cos(π (2x + 1) u / 64), the row of the mean scaled to the length of the others.
  private static let cosines: [Float] = (0..<kept).flatMap { u in
    (0..<side).map { x in
      let angle = Double.pi * Double(2 * x + 1) * Double(u) / Double(2 * side)
      return Float(u == 0 ? 0.5.squareRoot() : cos(angle))
    }
  }

  /// The lowest 16×16 frequencies, row by row, without the mean.
  private static func transformed(_ pixels: UnsafeBufferPointer<UInt8>) -> [Float] {
    var rows = [Float](repeating: 0, count: side * kept)
    var result = [Float](repeating: 0, count: kept * kept)
    cosines.withUnsafeBufferPointer { cosines in
      rows.withUnsafeMutableBufferPointer { rows in
        for y in 0..<side {
          for u in 0..<kept {
            var sum: Float = 0
            for x in 0..<side { sum += cosines[u * side + x] * Float(pixels[y * side + x]) }
            rows[y * kept + u] = sum
          }
        }
        for v in 0..<kept {
          for u in 0..<kept {
            var sum: Float = 0
            for y in 0..<side { sum += cosines[v * side + y] * rows[y * kept + u] }
            result[v * kept + u] = sum
          }
        }
      }
    }
    result[0] = 0
    return result
  }
}

extension Likeness {
  /// One of the eight ways to mirror and turn a picture.
  struct Position {
    let isTurned, isMirrored, isUpsideDown: Bool

    static let all = (0..<8).map {
      Position(isTurned: $0 & 4 != 0, isMirrored: $0 & 1 != 0, isUpsideDown: $0 & 2 != 0)
    }
  }

  /// The signs of the picture in a position.
  func signs(_ position: Position) -> SIMD4<UInt64> {
    var words = position.isTurned ? turned : signs
    if position.isMirrored { words ^= Likeness.odd.across }
    if position.isUpsideDown { words ^= Likeness.odd.down }
    return words
  }

  /// The correlation of the two pictures' coarse structure, this one in a position.
  func correlation(with other: Likeness, _ position: Position) -> Float {
    let low = Likeness.low
    var sum: Float = 0
    for v in 0..<low {
      for u in 0..<low {
        let wave = position.isTurned ? waves[u * low + v] : waves[v * low + u]
        let isNegative =
          (position.isMirrored && u % 2 == 1) != (position.isUpsideDown && v % 2 == 1)
        sum += other.waves[v * low + u] * (isNegative ? -wave : wave)
      }
    }
    return sum
  }

  /// Whether both show the same picture.
  public func isAlike(_ other: Likeness) -> Bool {
    Likeness.Position.all.contains { position in
      Likeness.distance(signs(position), other.signs) != nil
        && correlation(with: other, position) >= Likeness.leastCorrelation
    }
  }

  /// Of pictures that are not related, half of the bits differ: 128, with a deviation of 8.
  static let mostBits = 48
  private static let mostLowBits = 14
  static let leastCorrelation: Float = 0.95

  /// The number of different bits; nil if there are too many.
  @inline(__always)
  static func distance(_ a: SIMD4<UInt64>, _ b: SIMD4<UInt64>) -> Int? {
    let different = a ^ b
    let low = different[0].nonzeroBitCount
    guard low <= mostLowBits else { return nil }
    let all =
      low + different[1].nonzeroBitCount + different[2].nonzeroBitCount
      + different[3].nonzeroBitCount
    return all <= mostBits ? all : nil
  }
}
