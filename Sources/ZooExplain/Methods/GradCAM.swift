import ZooKit

/// The maps of a layer, each weighed by its mean derivative; what speaks against the class is dropped
/// (Selvaraju et al., arXiv:1610.02391).
public struct GradCAM: ExplanationMethod {
  public let name = "gradcam"
  /// Nil means the last layer with places.
  public var layer: String?

  public init(layer: String? = nil) { self.layer = layer }
  init(_ options: ExplanationOptions) { self.init(layer: options.layer) }

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    let layer = try subject.layer(layer)
    let (value, gradient) = try subject.gradient(at: layer, of: input)
    let pixels = Double(value.shape.height * value.shape.width)
    let weights = gradient.planes.map { $0.reduce(0) { $0 + Double($1) } / pixels }
    return Attribution(try value.weighted(by: weights).rectified(), layer: layer, as: .magnitude)
  }
}

extension ExplanationMethod where Self == GradCAM {
  public static var gradCAM: GradCAM { GradCAM() }
}
