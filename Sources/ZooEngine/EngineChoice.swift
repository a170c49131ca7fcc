import ZooKit

/// Which engine computes, as users choose it.
public enum EngineChoice: String, CaseIterable, Sendable {
  /// The engine that is right to the last digit and steady on a busy machine: `openblas`.
  case auto
  /// Every layer as it describes itself.
  case openblas
  /// Blocked layouts and fused kernels; on idle processors the faster one.
  case onednn

  public func engine(for precision: Precision = .fp32) throws -> any Engine {
    guard precision == .fp32 else {
      throw ZooError.unavailable("no engine computes in \(precision.rawValue) yet; fp32 is here")
    }
    switch self {
    case .auto, .openblas: return LayerEngine()
    case .onednn: return try OneDNNEngine()
    }
  }
}

/// In which numbers inference computes; inputs and outputs are float32 in any case.
public enum Precision: String, CaseIterable, Sendable { case fp32, bf16 }
