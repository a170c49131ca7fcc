/// One array of numbers that a layer learns or stores.
public struct Parameter: Hashable, Sendable {
  /// The purpose of the numbers, which decides how they are initialised, decayed and frozen.
  public enum Role: String, Sendable {
    case weight, bias
    /// A norm's learned factor and offset.
    case scale, shift
    /// A norm's running statistics: kept, never trained.
    case mean, variance
    /// The factor and offset of a frozen norm: constants.
    case fixedScale, fixedShift

    public var isTrainable: Bool {
      switch self {
      case .weight, .bias, .scale, .shift: true
      case .mean, .variance, .fixedScale, .fixedShift: false
      }
    }
  }

  /// Within its layer (`weight`) or, in a ``Graph``, in full (`layer1.0.conv1.weight`).
  public let name: String
  public let shape: Shape
  public let role: Role
  /// The number of inputs per output, which scales random initialisation.
  public let fanIn: Int

  public init(_ name: String, _ shape: Shape, _ role: Role, fanIn: Int = 1) {
    self.name = name
    self.shape = shape
    self.role = role
    self.fanIn = fanIn
  }

  func named(under prefix: String) -> Parameter {
    Parameter(prefix.isEmpty ? name : "\(prefix).\(name)", shape, role, fanIn: fanIn)
  }
}
