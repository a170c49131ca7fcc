import ZooKit
import ZooStore

/// The loss of a batch of outputs: value and gradient in one call, with equal weight for each item
/// of the batch.
///
/// ```swift
/// let loss = CrossEntropy(labelSmoothing: 0.1)
/// let (value, gradient) = try loss(plan.value("logits"), .classes([3, 0, 7]))
/// try plan.backward(["logits": gradient])
/// ```
/// Losses take logits, not probabilities; they include the softmax or sigmoid, which is more
/// accurate. They sum in float64 in a fixed order, so the value is the same for any number of
/// threads.
public protocol Loss: Sendable {
  func callAsFunction(_ output: Tensor, _ target: Target) throws -> LossValue

  /// Its kind and settings, for the record of a run.
  var json: JSON { get }
}

/// The value and gradient of a loss.
public struct LossValue: Sendable {
  public var value: Double
  /// The gradient for the output, in its shape.
  public var gradient: Tensor

  public init(value: Double, gradient: Tensor) {
    self.value = value
    self.gradient = gradient
  }
}

/// The target of a batch.
public enum Target: Sendable {
  /// A class for every item, or for every pixel (N×H×W, row by row). Negative means unknown and is
  /// ignored.
  case classes([Int32])
  /// The same, with a weight for each item or pixel. Weight zero is ignored.
  case weighted([Int32], [Float])
  /// Values in the output's shape: class shares, independent labels, coordinates.
  case values(Tensor)
}
