import ZooKit

/// Guided backpropagation within the region that Grad-CAM shows (Selvaraju et al., arXiv:1610.02391).
public struct GuidedGradCAM: LayerMethod {
  public let name = "guided-gradcam"
  public var layer: String?
  public init() {}

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    let region = try GradCAM(layer: layer).attribution(of: subject, for: input)
    let map = try region.enlarged(to: input.shape.height, input.shape.width).values
    let fine = try subject.gradient(of: input, rule: .guided)
    let product = fine.values.enumerated().map { $1 * map[$0 % map.count] }
    return Attribution(try Tensor(input.shape, product), layer: region.layer, as: .colour)
  }
}

extension ExplanationMethod where Self == GuidedGradCAM {
  public static var guidedGradCAM: GuidedGradCAM { GuidedGradCAM() }
}
