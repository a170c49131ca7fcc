import ZooKit
import ZooStore

/// Turns gradients into steps. An optimiser is only arithmetic: its state is in arrays of the size
/// of the parameters, which ``Descent`` keeps.
///
/// ```swift
/// let optimizers: [any Optimizer] = [SGD(momentum: 0.9, nesterov: true), AdamW(), RMSprop()]
/// ```
/// They compute the same as PyTorch's optimisers of the same names, in float32.
public protocol Optimizer: Sendable {
  /// The names of its state arrays, which start as zeros.
  var memory: [String] { get }

  /// Updates a range of parameters.
  func move(_ stretch: Stretch)

  /// Its kind and settings, for the record of a run.
  var json: JSON { get }
}

/// A contiguous range of parameters, with everything known about it.
public struct Stretch {
  public let count: Int
  public let values: UnsafeMutablePointer<Float>
  public let gradients: UnsafePointer<Float>
  /// In the order of ``Optimizer/memory``.
  public let memory: [UnsafeMutablePointer<Float>]
  /// The number of earlier updates.
  public let age: Int
  /// The learning rate.
  public let rate: Double
  public let weightDecay: Double
  /// The momentum, or Adam's β₁, if the schedule sets it.
  public let momentum: Double?
}
