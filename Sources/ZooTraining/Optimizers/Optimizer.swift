import ZooKit

/// How gradients become steps. It is arithmetic alone: what it remembers of a parameter lies in
/// arrays that ``Descent`` keeps for it, as long as the parameters and beside them.
///
/// ```swift
/// let optimizers: [any Optimizer] = [SGD(momentum: 0.9, nesterov: true), AdamW(), RMSprop()]
/// ```
/// They compute what PyTorch's of the same names do, in float32 as they do.
public protocol Optimizer: Sendable {
  /// The arrays it keeps, by name; they begin as zeros.
  var memory: [String] { get }

  /// Moves a stretch of parameters.
  func move(_ stretch: Stretch)

  /// What it is and how it was set, for the record of a run.
  var json: JSON { get }
}

/// Some parameters that lie in a row, and everything that is known of them.
public struct Stretch {
  public let count: Int
  public let values: UnsafeMutablePointer<Float>
  public let gradients: UnsafePointer<Float>
  /// In the order of ``Optimizer/memory``.
  public let memory: [UnsafeMutablePointer<Float>]
  /// How often they have been moved before.
  public let age: Int
  /// The learning rate.
  public let rate: Double
  public let weightDecay: Double
  /// Where a schedule moves the momentum, or Adam's β₁, too.
  public let momentum: Double?
}
