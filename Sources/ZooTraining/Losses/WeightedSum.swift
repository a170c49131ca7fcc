import ZooKit
import ZooStore

/// Several weighted losses of one output.
public struct WeightedSum: Loss {
  public var terms: [(weight: Double, loss: any Loss)]

  public init(_ terms: [(weight: Double, loss: any Loss)]) { self.terms = terms }

  /// Cross-entropy looks at single pixels, Dice at whole structures; together they converge fast
  /// and keep thin structures. A single channel uses the binary version.
  public static func diceCrossEntropy(channels: Int, smooth: Double = 1) -> WeightedSum {
    WeightedSum([
      (1, channels == 1 ? BinaryCrossEntropy() : CrossEntropy()), (1, SoftDice(smooth: smooth)),
    ])
  }

  public func callAsFunction(_ output: Tensor, _ target: Target) throws -> LossValue {
    var sum = LossValue(value: 0, gradient: try Tensor(zeros: output.shape))
    for (weight, loss) in terms {
      let part = try loss(output, target)
      sum.value += weight * part.value
      try sum.gradient.add(part.gradient, times: weight)
    }
    return sum
  }

  public var json: JSON {
    let parts = terms.map { weight, loss -> JSON in ["weight": JSON(weight), "loss": loss.json] }
    return ["kind": "sum", "terms": JSON(parts)]
  }
}

extension Tensor {
  /// Adds a multiple of another tensor of the same shape.
  mutating func add(_ other: Tensor, times factor: Double) throws {
    let factor = Float(factor)
    try withMutableValues { sum in
      other.withValues { for index in 0..<sum.count { sum[index] += factor * $0[index] } }
    }
  }

  mutating func scale(by factor: Double) throws {
    guard factor != 1 else { return }
    let factor = Float(factor)
    try withMutableValues { for index in 0..<$0.count { $0[index] *= factor } }
  }
}
