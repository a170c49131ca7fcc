import ZooKit

/// An input and the output that a checkpoint must give for it: what `zoo verify` runs again.
public struct Golden: Sendable {
  public enum Input: Sendable {
    case tensor(Tensor)
    /// Numbers that anyone can make again.
    case seed(Int, Shape)
  }

  public let input: Input
  public let output: Tensor
  /// How far the output may be from this one: relative, ‖a − b‖₂ / ‖b‖₂.
  public let tolerance: Double

  public init(input: Input, output: Tensor, tolerance: Double) {
    self.input = input
    self.output = output
    self.tolerance = tolerance
  }
}
