import ZooKit

/// The derivative with negative gradients dropped at every rectifier (Springenberg et al.,
/// arXiv:1412.6806).
public struct GuidedBackpropagation: RuledGradient {
  public let name = "guided-backprop"
  public static let rule = Rule.guided
  public init() {}
}

extension ExplanationMethod where Self == GuidedBackpropagation {
  public static var guidedBackprop: GuidedBackpropagation { GuidedBackpropagation() }
}
