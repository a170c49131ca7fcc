import ZooKit

/// The derivative with rectifiers that pass positive gradients whatever their input (Zeiler and
/// Fergus, arXiv:1311.2901).
public struct Deconvnet: ExplanationMethod {
  public let name = "deconvnet"
  public init() {}

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    Attribution(try subject.gradient(of: input, rule: .deconvnet), as: .colour)
  }
}

extension ExplanationMethod where Self == Deconvnet {
  public static var deconvnet: Deconvnet { Deconvnet() }
}
