import ZooKit

/// The derivative with negative gradients dropped at every rectifier (Springenberg et al.,
/// arXiv:1412.6806).
public struct GuidedBackpropagation: ExplanationMethod {
  public let name = "guided-backprop"
  public init() {}

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    Attribution(try subject.gradient(of: input, rule: .guided), as: .colour)
  }
}

extension ExplanationMethod where Self == GuidedBackpropagation {
  public static var guidedBackprop: GuidedBackpropagation { GuidedBackpropagation() }
}
