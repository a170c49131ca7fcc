import ZooKit

/// Which engine computes, as users choose it.
public enum EngineChoice: String, CaseIterable, Sendable {
  /// `onednn` where the library is there and the processor has instructions that its fast kernels
  /// are made of, else `openblas`.
  case auto
  /// Every layer as it describes itself.
  case openblas
  /// Blocked layouts and fused kernels.
  case onednn

  public func engine(for precision: Precision = .fp32) throws -> any Engine {
    switch (self, precision) {
    case (.openblas, .fp32): return LayerEngine()
    case (.auto, .fp32): return EngineChoice.fastest
    case (.onednn, .fp32): return try OneDNNEngine()
    case (.auto, .bf16), (.onednn, .bf16): return try OneDNNEngine(precision: .bf16)
    case (.openblas, .bf16):
      throw ZooError.unavailable("openblas computes in fp32 only; onednn knows bf16")
    }
  }

  /// What `auto` is on this machine, for float32.
  public static let fastest: any Engine =
    (objection == nil ? try? OneDNNEngine() : nil) ?? LayerEngine()

  /// Why `auto` is `openblas` on this machine; nil where it is `onednn`.
  public static let objection: String? = {
    switch OneDNN.library {
    case .failure(let error): error.message
    case .success(let library) where !library.isFast:
      "oneDNN has only slow kernels for a processor without AVX2"
    case .success: nil
    }
  }()
}

/// In which numbers inference computes; inputs and outputs are float32 in any case.
public enum Precision: String, CaseIterable, Sendable { case fp32, bf16 }
