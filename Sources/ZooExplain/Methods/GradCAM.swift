import ZooKit

/// The maps of a layer, each weighed by its mean derivative; what speaks against the class is dropped
/// (Selvaraju et al., arXiv:1610.02391).
public struct GradCAM: LayerMethod {
  public let name = "gradcam"
  public var layer: String?
  public init() {}

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    try weighted(subject, input) { _, gradient in
      gradient.planes.map { $0.reduce(0) { $0 + Double($1) } / Double($0.count) }
    }
  }
}

extension ExplanationMethod where Self == GradCAM {
  public static var gradCAM: GradCAM { GradCAM() }
}
