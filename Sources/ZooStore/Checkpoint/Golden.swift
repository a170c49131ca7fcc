import ZooKit

/// An input and the expected output of a checkpoint, which `zoo verify` checks.
public struct Golden: Sendable {
  public enum Input: Sendable {
    case tensor(Tensor)
    /// Numbers generated from a seed.
    case seed(Int, Shape)
  }

  public let input: Input
  public let output: Tensor
  /// The allowed relative distance of the output, ‖a − b‖₂ / ‖b‖₂.
  public let tolerance: Double

  public init(input: Input, output: Tensor, tolerance: Double) {
    self.input = input
    self.output = output
    self.tolerance = tolerance
  }
}
