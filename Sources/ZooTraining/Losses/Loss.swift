import ZooKit

/// How far a batch of outputs is from what was wanted, and in which direction it grows: value and
/// gradient in one call, each item of the batch with the same say.
///
/// ```swift
/// let loss = CrossEntropy(labelSmoothing: 0.1)
/// let (value, gradient) = try loss(plan.value("logits"), .classes([3, 0, 7]))
/// try plan.backward(["logits": gradient])
/// ```
/// Losses take logits, not probabilities: the softmax or the sigmoid is theirs, where it is exact.
/// They add in float64 in an order of their own, so that their value is the same on any number of
/// threads.
public protocol Loss: Sendable {
  func callAsFunction(_ output: Tensor, _ target: Target) throws -> LossValue

  /// What it is and how it was set, for the record of a run.
  var json: JSON { get }
}

/// What a loss found.
public struct LossValue: Sendable {
  public var value: Double
  /// Of the output, in its shape.
  public var gradient: Tensor

  public init(value: Double, gradient: Tensor) {
    self.value = value
    self.gradient = gradient
  }
}

/// What a batch should have given.
public enum Target: Sendable {
  /// A class for every item, or for every pixel (N×H×W, row by row). Where it is negative, the
  /// truth is unknown and nothing is learned.
  case classes([Int32])
  /// The same, and how much each item or pixel counts. Where that is nothing, nothing is learned.
  case weighted([Int32], [Float])
  /// Numbers of the shape of the output: shares of classes, independent labels, coordinates.
  case values(Tensor)
}
