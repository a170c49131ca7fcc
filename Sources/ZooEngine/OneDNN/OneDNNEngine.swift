import ZooKit

/// Whole programs on oneDNN: maps stay in the blocked layouts of its kernels from one step to the
/// next, weights are packed once. What oneDNN has no good kernel for runs as its layer does it.
public struct OneDNNEngine: Engine {
  /// Whether 3×3 convolutions may take Winograd's way: a quarter of the multiplications, and
  /// relative errors of 1e-5 instead of 1e-6.
  public let winograd: Bool
  /// The numbers between the steps and in the weights of convolutions and dense layers; sums are
  /// float32 in any case, and so are inputs and outputs.
  public let precision: Precision
  /// In bf16 also what gains nothing from it.
  let everywhere: Bool
  /// The library, and so this engine, uses AVX-512: less where its own variable
  /// `ONEDNN_MAX_CPU_ISA` forbids it.
  let isWide: Bool

  /// Throws, with the reason, where the library cannot be used, or the processor cannot compute in
  /// this precision by itself.
  public init(winograd: Bool = true, precision: Precision = .fp32) throws {
    try self.init(winograd: winograd, precision: precision, everywhere: false)
  }

  package init(winograd: Bool = true, precision: Precision, everywhere: Bool) throws {
    let library = try OneDNN.library.get()
    guard precision == .fp32 || library.hasBFloat16 else {
      throw ZooError.unavailable(
        "bf16 wants a processor with AVX-512 bf16 or AMX; this one has \(library.instructions), "
          + "--precision fp32 works")
    }
    self.winograd = winograd
    self.precision = precision
    self.everywhere = everywhere
    isWide = library.hasAVX512
  }

  public var name: String { "onednn" }

  public func compile(_ program: consuming Program, batch: Int) throws -> any Executable {
    try OneDNNCompiler(consume program, batch: batch, engine: self).runner()
  }

  public func trainingRunner(
    for program: consuming Program, _ parameters: LearnedParameters, batch: Int
  ) throws -> any TrainingRunner {
    let program = program.withoutFrozenPrefix().fusedForTraining()
    return try TrainingCompiler(program, parameters, batch: batch, engine: self).runner()
  }
}
