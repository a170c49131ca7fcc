/// Deals the channels of each of `groups` groups out over all groups, so that grouped convolutions
/// mix (Zhang et al. 2018, arXiv:1707.01083, figure 1): of 2 groups a b and c d it makes a c b d.
public struct ChannelShuffle: Rearrangement {
  public var groups: Int

  public init(groups: Int) { self.groups = groups }

  public var kind: String { "channelshuffle" }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let input = try map(inputs)
    guard groups > 0, input.channels % groups == 0 else {
      throw ZooError.failure("\(input.channels) channels do not make \(groups) groups")
    }
    return input
  }

  func places(_ input: Shape, _ output: Shape, batch: Int) -> Places {
    let (each, plane) = (input.channels / groups, input.height * input.width)
    return Places(
      sizes: [batch, each, groups, plane], strides: [input.count, plane, each * plane, 1])
  }
}
