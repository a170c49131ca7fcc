import ZooKit

/// The absolute derivative at each pixel, the largest of its channels (Simonyan, Vedaldi and
/// Zisserman, arXiv:1312.6034).
public struct Saliency: ExplanationMethod {
  public let name = "saliency"
  public init() {}

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    let gradient = try subject.gradient(of: input)
    let map = try Attribution(gradient, as: .magnitude).map(input.shape.height, input.shape.width)
    return Attribution(map, as: .magnitude)
  }
}

extension ExplanationMethod where Self == Saliency {
  public static var saliency: Saliency { Saliency() }
}
