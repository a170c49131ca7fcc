import Glibc
import ZooKit
import ZooStore

/// Cross-entropy of independent labels, −y·log σ(x) − (1 − y)·log(1 − σ(x)), averaged over all
/// elements: several labels per picture, or one channel for a mask.
public struct BinaryCrossEntropy: Loss {
  /// The weight of positives per channel: above 1 if positives are rare. Nil means 1.
  public var positiveWeights: [Double]?

  public init(positiveWeights: [Double]? = nil) { self.positiveWeights = positiveWeights }

  public func callAsFunction(_ output: Tensor, _ target: Target) throws -> LossValue {
    let positions = try Positions(output)
    let weights = positiveWeights ?? Array(repeating: 1, count: positions.channels)
    guard weights.count == positions.channels else {
      throw ZooError.failure("\(weights.count) positive weights for an output of \(output.shape)")
    }
    return try elementwise(output, target, positions) { x, y, channel in
      // log σ(x) = −log(1 + e⁻ˣ), without overflow.
      let softplus = log1p(exp(-abs(x)))
      let (positive, negative) = (softplus + max(-x, 0), softplus + max(x, 0))
      let weight = weights[channel]
      let p = 1 / (1 + exp(-x))
      return (
        weight * y * positive + (1 - y) * negative, p * (weight * y + 1 - y) - weight * y
      )
    }
  }

  public var json: JSON {
    ["kind": "binary-cross-entropy", "positiveWeights": positiveWeights.map { JSON($0) } ?? nil]
  }
}

/// The mean of a term over all elements with a known target, from the term and its derivative.
func elementwise(
  _ output: Tensor, _ target: Target, _ positions: Positions,
  _ term: (_ x: Double, _ y: Double, _ channel: Int) -> (value: Double, slope: Double)
) throws -> LossValue {
  let truth = try Shares(target, output, positions)
  let mass = truth.weight(nil, positions) * Double(positions.channels)
  let scale = mass > 0 ? 1 / mass : 0
  return try output.gradient { x, gradient in
    try positions.sum(cost: 16) { range in
      var sum = 0.0
      for position in range {
        let base = positions.base(position)
        let isKnown = truth.isKnown(position)
        let weight = truth.weight(at: position)
        for channel in 0..<positions.channels {
          let index = base + channel * positions.plane
          guard isKnown else {
            gradient[index] = 0
            continue
          }
          let (value, slope) = term(
            Double(x[index]), truth.share(position, channel, at: index), channel)
          sum += weight * value
          gradient[index] = Float(scale * weight * slope)
        }
      }
      return [sum, 0]
    }[0] * scale
  }
}
