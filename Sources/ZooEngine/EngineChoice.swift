import ZooKit

/// The user's choice of engine.
public enum EngineChoice: String, CaseIterable, Sendable {
  /// `onednn` if the library is installed and the processor has the instructions for its fast
  /// kernels, else `openblas`.
  case auto
  /// Runs the layers' own code.
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

  /// The engine that `auto` selects on this machine, for float32.
  public static let fastest: any Engine =
    (objection == nil ? try? OneDNNEngine() : nil) ?? LayerEngine()

  /// Why `auto` selects `openblas` on this machine; nil if it selects `onednn`.
  public static let objection: String? = {
    switch OneDNN.library {
    case .failure(let error): error.message
    case .success(let library) where !library.isFast:
      "oneDNN has only slow kernels for a processor without AVX2"
    case .success: nil
    }
  }()
}

/// The number type of inference; inputs and outputs are always float32.
public enum Precision: String, CaseIterable, Sendable { case fp32, bf16 }
