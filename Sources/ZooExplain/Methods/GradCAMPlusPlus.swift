import ZooKit

/// Grad-CAM whose weights look at the places of positive derivatives, so that several objects of a
/// class are covered (Chattopadhyay et al., arXiv:1710.11063, equation 19).
public struct GradCAMPlusPlus: ExplanationMethod {
  public let name = "gradcam++"
  /// Nil means the last layer with places.
  public var layer: String?

  public init(layer: String? = nil) { self.layer = layer }
  init(_ options: ExplanationOptions) { self.init(layer: options.layer) }

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    let layer = try subject.layer(layer)
    let (value, gradient) = try subject.gradient(at: layer, of: input)
    let weights = zip(value.planes, gradient.planes).map { value, gradient -> Double in
      let sum = value.reduce(0) { $0 + Double($1) }
      return gradient.reduce(0) { total, slope in
        let slope = Double(slope)
        guard slope > 0 else { return total }
        let square = slope * slope
        return total + slope * square / (2 * square + sum * square * slope + 1e-6)
      }
    }
    return Attribution(try value.weighted(by: weights).rectified(), layer: layer, as: .magnitude)
  }
}

extension ExplanationMethod where Self == GradCAMPlusPlus {
  public static var gradCAMPlusPlus: GradCAMPlusPlus { GradCAMPlusPlus() }
}
