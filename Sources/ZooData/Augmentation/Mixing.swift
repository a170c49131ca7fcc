import Glibc
import ZooKit

/// Mixes the pictures of a batch in pairs, and their labels in the same proportion.
public enum Mixing: Hashable, Sendable {
  /// A blend of both (Zhang et al. 2018).
  case mixup(alpha: Double)
  /// A rectangle of one in the other (Yun et al. 2019).
  case cutmix(alpha: Double)

  /// Changes a batch N×C×H×W and returns each item's share of every class, N×classes.
  ///
  /// Item i is mixed with item N − 1 − i; the order of the batch is already random.
  func apply(
    to input: inout Tensor, labels: [Int], classes: Int, _ random: Random
  ) throws -> Tensor {
    let sizes = input.shape.sizes
    guard sizes.count == 4, sizes[0] == labels.count,
      let shape = Shape(checked: [labels.count, classes])
    else {
      throw ZooError.failure("\(labels.count) labels for a batch of \(input.shape)")
    }
    guard labels.allSatisfy((0..<classes).contains) else {
      throw ZooError.failure("a label of a batch is none of \(classes) classes")
    }
    let (count, channels, height, width) = (sizes[0], sizes[1], sizes[2], sizes[3])
    let area = height * width
    var kept: Double
    switch self {
    case .mixup(let alpha):
      kept = random.beta(alpha)
      let (a, b) = (Float(kept), Float(1 - kept))
      try input.withMutableValues { values in
        for item in 0..<count / 2 {
          let (one, other) = (item * channels * area, (count - 1 - item) * channels * area)
          for index in 0..<channels * area {
            let (x, y) = (values[one + index], values[other + index])
            values[one + index] = a * x + b * y
            values[other + index] = a * y + b * x
          }
        }
      }
    case .cutmix(let alpha):
      let side = (1 - random.beta(alpha)).squareRoot()
      func span(_ extent: Int, _ counter: Int) -> Range<Int> {
        let half = Int(side * Double(extent)) / 2
        let centre = random.key("window").below(extent, counter)
        return max(0, centre - half)..<min(extent, centre + half)
      }
      let (rows, columns) = (span(height, 0), span(width, 1))
      // A rectangle cut at the border counts with its real area.
      kept = 1 - Double(rows.count * columns.count) / Double(area)
      try input.withMutableValues { values in
        for item in 0..<count / 2 {
          for channel in 0..<channels {
            let one = (item * channels + channel) * area
            let other = ((count - 1 - item) * channels + channel) * area
            for y in rows {
              for x in columns { values.swapAt(one + y * width + x, other + y * width + x) }
            }
          }
        }
      }
    }
    return try Tensor(shape) { shares in
      shares.initialize(repeating: 0)
      for (item, label) in labels.enumerated() {
        shares[item * classes + label] += Float(kept)
        shares[item * classes + labels[count - 1 - item]] += Float(1 - kept)
      }
    }
  }
}

extension Random {
  /// Beta(α, α), from two gamma variates.
  func beta(_ alpha: Double) -> Double {
    guard alpha > 0, alpha.isFinite else { return 1 }
    let (a, b) = (key("a").gamma(alpha), key("b").gamma(alpha))
    return a + b > 0 ? a / (a + b) : 0.5
  }

  /// Gamma(α, 1) by Marsaglia and Tsang (2000).
  private func gamma(_ alpha: Double) -> Double {
    if alpha < 1 {
      let boost = pow(Double(key("boost").uniform(0)) + 0x1p-25, 1 / alpha)
      return gamma(alpha + 1) * boost
    }
    let d = alpha - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    for attempt in 0..<1000 {
      let x = Double(key("normal").normal(attempt))
      let v = pow(1 + c * x, 3)
      let u = Double(key("uniform").uniform(attempt)) + 0x1p-25
      if v > 0, log(u) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
    }
    return d
  }
}
