import ZooKit

/// What computes. Nothing else in the project knows how numbers are made, and an engine knows no
/// architecture.
///
/// The least an engine must be is a name: every step then runs as its layers do it. It may know a
/// faster way for single steps (``kernel(for:shapes:batch:)``), or take a whole program at once and
/// keep values in layouts of its own between steps (``compile(_:batch:)``).
public protocol Engine: Sendable {
  /// By which users choose it.
  var name: String { get }

  /// A faster way for one step, nil where there is none. The shapes are those of every value of the
  /// program, without the batch.
  func kernel(for step: Program.Step, shapes: [Shape], batch: Int) throws -> (any Kernel)?

  /// The program, ready to run on batches of this size. It is given away, so that weights need not
  /// lie in memory both as they were and packed.
  func compile(_ program: consuming Program, batch: Int) throws -> any Executable

  /// A faster way to train one operation, nil where there is none.
  func trainingKernel(for operation: Graph.Operation, inputs: [Shape], batch: Int) throws
    -> (any TrainingKernel)?
}

extension Engine {
  public func kernel(for step: Program.Step, shapes: [Shape], batch: Int) throws
    -> (any Kernel)?
  { nil }

  public func compile(_ program: consuming Program, batch: Int) throws -> any Executable {
    try StepByStep(program, batch: batch, engine: self)
  }

  public func trainingKernel(for operation: Graph.Operation, inputs: [Shape], batch: Int) throws
    -> (any TrainingKernel)?
  { nil }
}

/// One step on plain arrays, epilogue included.
public protocol Kernel {
  /// The inputs are those of the step, then those of its epilogue in order.
  func run(_ inputs: [TensorView], into output: TensorView, _ scratch: Scratch) throws
}

/// One operation on plain arrays, forward and backward, as a layer would do it.
public protocol TrainingKernel {
  func forward(_ pass: Pass) throws
  func backward(_ pass: Pass, _ gradients: Gradients) throws
}

/// A compiled program. Not to be run by two threads at once.
public protocol Executable: AnyObject {
  /// Takes the inputs in the order of the program's and hands its outputs to the closure, valid
  /// only inside it. The clock, where there is one, is told when each stage has ended.
  func run(
    _ inputs: [UnsafePointer<Float>], _ clock: StageClock?, _ read: ([TensorView]) throws -> Void
  ) throws
  /// What a run consists of, in order.
  var stages: [PlanStage] { get }
  /// Bytes of memory for values between the steps.
  var arenaBytes: Int { get }
}

extension Executable {
  public func run(
    _ inputs: [UnsafePointer<Float>], _ read: ([TensorView]) throws -> Void
  ) throws {
    try run(inputs, nil, read)
  }
}

/// The engine that is always there: every layer as it describes itself, over OpenBLAS.
public struct LayerEngine: Engine {
  public init() {}
  public var name: String { "openblas" }
}
