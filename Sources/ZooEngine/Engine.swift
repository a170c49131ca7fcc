import ZooKit

/// Runs programs. Nothing else in the project knows how numbers are computed, and an engine knows
/// no architecture.
///
/// It compiles a program for inference or training. An engine needs only a name: by default every
/// step runs with the layers' own code. In either direction it may keep values in its own layouts
/// between steps.
public protocol Engine: Sendable {
  /// The name by which users choose it.
  var name: String { get }

  /// The program, ready to run on batches of this size. The engine takes ownership, so that weights
  /// need not be in memory twice, original and packed.
  func compile(_ program: consuming Program, batch: Int) throws -> any Executable

  /// The program, ready to train on batches of this size.
  func trainingRunner(
    for program: consuming Program, _ parameters: LearnedParameters, batch: Int
  ) throws -> any TrainingRunner
}

/// A compiled program. Not thread-safe.
public protocol Executable: AnyObject {
  /// Takes the inputs in the program's order and passes the outputs to the closure, valid only
  /// inside it. The clock, if any, is notified after each stage.
  func run(
    _ inputs: [UnsafePointer<Float>], _ clock: StageClock?, _ read: ([TensorView]) throws -> Void
  ) throws
  /// The stages of a run, in order.
  var stages: [PlanStage] { get }
  /// Bytes of memory for values between steps.
  var arenaBytes: Int { get }
  /// The same program with the same packed weights, and memory of its own, for another thread. May be
  /// called while the original runs. Nil if the program must be compiled again.
  func copy() throws -> (any Executable)?
}

extension Executable {
  public func copy() throws -> (any Executable)? { nil }

  public func run(
    _ inputs: [UnsafePointer<Float>], _ read: ([TensorView]) throws -> Void
  ) throws {
    try run(inputs, nil, read)
  }
}

/// A program compiled for training. The plan has checked the arguments.
public protocol TrainingRunner: AnyObject {
  /// The stages of a step, forward and then backward.
  var stages: [PlanStage] { get }
  /// Notified after each stage, if there is one.
  var clock: StageClock? { get set }
  /// Bytes of memory for values and their gradients.
  var arenaBytes: Int { get }

  /// The inputs in the program's order; they must stay valid until backward has ended.
  func forward(_ inputs: [UnsafePointer<Float>], _ random: Random) throws

  /// The gradients of values; those that are not given are zero.
  func backward(
    _ seeds: [Program.Value: [Tensor]], _ random: Random, _ rule: Rule, accumulating: Bool) throws

  /// The value of a kept or output value; nil for inputs.
  func value(of value: Program.Value) -> TensorView?

  /// The gradient of a value for which it was requested.
  func gradient(of value: Program.Value) -> TensorView?
}
