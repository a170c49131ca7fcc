import ZooKit

/// The derivative with rectifiers that pass positive gradients whatever their input (Zeiler and
/// Fergus, arXiv:1311.2901).
public struct Deconvnet: RuledGradient {
  public let name = "deconvnet"
  public static let rule = Rule.deconvnet
  public init() {}
}

extension ExplanationMethod where Self == Deconvnet {
  public static var deconvnet: Deconvnet { Deconvnet() }
}
