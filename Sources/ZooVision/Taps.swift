import ZooKit

/// The source samples and weights for each sample of a longer or shorter row: the antialiased
/// convolution of Pillow's `Resample.c`, in its 22-bit fixed point.
///
/// Published accuracies were measured on pictures resized by Pillow, so all rounding here is
/// Pillow's: weights in float64, then to integers, with halves away from zero.
struct Taps {
  /// A sample has 8 bits; a sum of weighted samples needs 2 bits of headroom and a sign.
  static let fraction: Int32 = 32 - 8 - 2
  static let half: Int32 = 1 << (fraction - 1)

  /// For each new sample: the first old one, and the index of its first weight; one more at the
  /// end.
  private(set) var spans: [(first: Int, weights: Int)] = []
  private(set) var weights: [Int32] = []

  /// The old samples that the new ones need.
  private(set) var source: Range<Int>

  /// The taps for `shown`, a range of the `size` new samples made from `count` old ones.
  init(_ filter: Filter, from count: Int, to size: Int, showing shown: Range<Int>) {
    let scale = Double(Float(count)) / Double(size)
    // When enlarging, the filter spans old samples; when shrinking, new ones, which antialiases.
    let stretch = max(scale, 1)
    let support = filter.support * stretch
    spans.reserveCapacity(shown.count + 1)
    var (lower, upper) = (count, 0)
    for index in shown {
      let centre = (Double(index) + 0.5) * scale
      let first = max(Int(centre - support + 0.5), 0)
      let last = min(Int(centre + support + 0.5), count)
      func weight(_ sample: Int) -> Double {
        filter.weight((Double(sample) - centre + 0.5) * (1 / stretch))
      }
      spans.append((first, weights.count))
      let sum = (first..<last).reduce(0) { $0 + weight($1) }
      for sample in first..<last {
        let normal = sum == 0 ? weight(sample) : weight(sample) / sum
        let fixed = normal * Double(1 << Taps.fraction)
        weights.append(Int32(fixed < 0 ? fixed - 0.5 : fixed + 0.5))
      }
      (lower, upper) = (min(lower, first), max(upper, last))
    }
    spans.append((count, weights.count))
    source = lower..<max(lower, upper)
  }

  /// Converts a sum of weighted samples to a sample.
  @inline(__always)
  static func sample(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, sum &>> fraction)))
  }
}

/// The shape of a filter around its centre.
struct Filter: Sendable {
  /// The filter is zero from here on.
  let support: Double
  let weight: @Sendable (Double) -> Double

  static let bilinear = Filter(support: 1) { max(0, 1 - abs($0)) }

  /// Keys' cubic with a = −1/2, which reproduces parabolas.
  static let bicubic = Filter(support: 2) { offset in
    let (x, a) = (abs(offset), -0.5)
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
    return 0
  }
}
