// Facts that let engines compute a layer faster. A layer that states none runs its own code.

extension Layer {
  public var dependsOnMode: Bool { !isElementwise }
  public var isElementwise: Bool { false }
  public var isCommutative: Bool { false }
  public var isIdentity: Bool { false }
  public var linearMap: LinearMap? { nil }
  public func channelNorm(_ constants: [Tensor]) -> ChannelNorm? { nil }
}

/// A layer whose output is linear in its first parameter. Its second parameter, if any, is added to
/// each output channel. A following norm can be folded into both.
public struct LinearMap: Sendable {
  /// The axis of the first parameter that counts the output channels.
  public var outputAxis: Int
  /// The same layer with a second parameter.
  public var biased: any Layer

  public init(outputAxis: Int, biased: any Layer) {
    self.outputAxis = outputAxis
    self.biased = biased
  }
}

/// y = (x − mean) / √(variance + ε) · scale + shift, with one number of each per channel.
public struct ChannelNorm: Sendable {
  public let scale, shift, mean, variance: Tensor
  public let epsilon: Float

  public init(scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor, epsilon: Float) {
    (self.scale, self.shift, self.mean, self.variance) = (scale, shift, mean, variance)
    self.epsilon = epsilon
  }

  /// y = scale·x + shift
  public init(scale: Tensor, shift: Tensor) throws {
    try self.init(
      scale: scale, shift: shift, mean: Tensor(zeros: shift.shape),
      variance: Tensor(shift.shape) { $0.initialize(repeating: 1) }, epsilon: 0)
  }
}
