import ZooKit

/// Grad-CAM whose weights look at the places of positive derivatives, so that several objects of a
/// class are covered (Chattopadhyay et al., arXiv:1710.11063, equation 19).
public struct GradCAMPlusPlus: LayerMethod {
  public let name = "gradcam++"
  public var layer: String?
  public init() {}

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    try weighted(subject, input) { value, gradient in
      zip(value.planes, gradient.planes).map { value, gradient in
        let sum = value.reduce(0) { $0 + Double($1) }
        return gradient.reduce(0) { total, slope in
          let slope = Double(slope)
          guard slope > 0 else { return total }
          let square = slope * slope
          return total + slope * square / (2 * square + sum * square * slope + 1e-6)
        }
      }
    }
  }
}

extension ExplanationMethod where Self == GradCAMPlusPlus {
  public static var gradCAMPlusPlus: GradCAMPlusPlus { GradCAMPlusPlus() }
}
