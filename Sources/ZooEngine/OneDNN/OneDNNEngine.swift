import ZooKit

/// Runs whole programs on oneDNN: maps stay in its kernels' blocked layouts from step to step, and
/// weights are packed once. Layers without a good oneDNN kernel run their own code.
public struct OneDNNEngine: Engine {
  /// Whether 3×3 convolutions may use Winograd: a quarter of the multiplications, with relative
  /// errors of 1e-5 instead of 1e-6.
  public let winograd: Bool
  /// The number type between steps and in the weights of convolutions and dense layers; sums,
  /// inputs and outputs are always float32.
  public let precision: Precision
  /// Whether to use bf16 even where it gains nothing.
  let everywhere: Bool
  /// Whether the library, and so this engine, uses AVX-512, which its variable `ONEDNN_MAX_CPU_ISA`
  /// can forbid.
  let isWide: Bool

  /// Throws, with the reason, if the library cannot be used, or the processor does not support this
  /// precision.
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
    try OneDNN.checkRoom()
    return try OneDNNCompiler(consume program, batch: batch, engine: self).runner()
  }

  public func trainingRunner(
    for program: consuming Program, _ parameters: LearnedParameters, batch: Int
  ) throws -> any TrainingRunner {
    try OneDNN.checkRoom()
    let program = program.withoutFrozenPrefix().fusedForTraining()
    return try TrainingCompiler(program, parameters, batch: batch, engine: self).runner()
  }
}
