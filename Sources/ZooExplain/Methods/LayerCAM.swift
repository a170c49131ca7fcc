import ZooKit

/// The maps of a layer, each place weighed by its own positive derivative, which also works for early
/// layers (Jiang et al., IEEE TIP 2021).
public struct LayerCAM: LayerMethod {
  public let name = "layercam"
  public var layer: String?
  public init() {}

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    let layer = try subject.layer(layer)
    let (value, gradient) = try subject.gradient(at: layer, of: input)
    let product = try gradient.rectified().times(value)
    let ones = [Double](repeating: 1, count: value.shape.channels)
    return Attribution(try product.weighted(by: ones).rectified(), layer: layer, as: .magnitude)
  }
}

extension ExplanationMethod where Self == LayerCAM {
  public static var layerCAM: LayerCAM { LayerCAM() }
}
