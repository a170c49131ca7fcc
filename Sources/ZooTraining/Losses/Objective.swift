import ZooKit
import ZooStore

/// The training objective of a network: weighted losses of one or more outputs.
///
/// ```swift
/// let objective: Objective = [
///   .init("logits", CrossEntropy(labelSmoothing: 0.1)),
///   .init("box", SmoothL1(), weight: 0.5),
/// ]
/// ```
public struct Objective: Sendable, ExpressibleByArrayLiteral {
  public struct Term: Sendable {
    /// An output of the network, or any value that a plan can return.
    public var output: String
    /// The name of the target in a batch.
    public var target: String
    public var loss: any Loss
    public var weight: Double

    /// The target's name defaults to the output's.
    public init(_ output: String, _ loss: any Loss, target: String? = nil, weight: Double = 1) {
      self.output = output
      self.target = target ?? output
      self.loss = loss
      self.weight = weight
    }
  }

  public var terms: [Term]

  public init(_ terms: [Term]) { self.terms = terms }
  public init(arrayLiteral terms: Term...) { self.terms = terms }

  /// The values that receive gradients, each once.
  public var outputs: [String] {
    terms.map(\.output).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// The weighted sum, the individual losses in the order of the terms, and the gradients.
  public struct Value: Sendable {
    public var total = 0.0
    public var parts: [Double] = []
    /// By output, the gradient of `scale` times the total.
    public var gradients: [String: Tensor] = [:]
  }

  /// - Parameters:
  ///   - targets: by the names that the terms use.
  ///   - scale: a factor of the gradients; each part of a split batch gets its share.
  ///   - outputs: the network's values by name.
  public func callAsFunction(
    _ targets: [String: Target], scale: Double = 1, outputs: (String) throws -> Tensor
  ) throws -> Value {
    var value = Value()
    for term in terms {
      guard let target = targets[term.target] else {
        throw ZooError.failure(
          "the batch has no target \(term.target)" + suggestion(term.target, among: targets.keys))
      }
      var part = try term.loss(outputs(term.output), target)
      value.total += term.weight * part.value
      value.parts.append(part.value)
      if var sum = value.gradients[term.output] {
        value.gradients[term.output] = nil
        try sum.add(part.gradient, times: term.weight * scale)
        value.gradients[term.output] = sum
      } else {
        try part.gradient.scale(by: term.weight * scale)
        value.gradients[term.output] = part.gradient
      }
    }
    return value
  }

  public var json: JSON {
    JSON(
      terms.map { term -> JSON in
        [
          "output": JSON(term.output), "target": JSON(term.target), "loss": term.loss.json,
          "weight": JSON(term.weight),
        ]
      })
  }
}
