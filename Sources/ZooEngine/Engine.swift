import ZooKit

/// What computes. Nothing else in the project knows how numbers are made, and an engine knows no
/// architecture.
///
/// It makes of a program what runs it, in either direction. The least an engine must be is a name:
/// every step then runs as its layers do it. Each of the two may keep values in layouts of its own
/// between the steps.
public protocol Engine: Sendable {
  /// By which users choose it.
  var name: String { get }

  /// The program, ready to run on batches of this size. It is given away, so that weights need not
  /// lie in memory both as they were and packed.
  func compile(_ program: consuming Program, batch: Int) throws -> any Executable

  /// The program, ready to learn from batches of this size.
  func trainingRunner(
    for program: consuming Program, _ parameters: LearnedParameters, batch: Int
  ) throws -> any TrainingRunner
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

/// A program compiled to learn. A plan has checked what it hands over.
public protocol TrainingRunner: AnyObject {
  /// What a step consists of, forward and then backward.
  var stages: [PlanStage] { get }
  /// Is told when each stage has ended, where there is one.
  var clock: StageClock? { get set }
  /// Bytes of memory for values and their gradients.
  var arenaBytes: Int { get }

  /// The inputs in the order of the program's, alive until backward has ended.
  func forward(_ inputs: [UnsafePointer<Float>], _ random: Random) throws

  /// The gradients of values; where none is given it is zero.
  func backward(
    _ seeds: [Program.Value: [Tensor]], _ random: Random, _ rule: Rule, accumulating: Bool) throws

  /// Of a value that was asked for; nil for inputs.
  func value(of value: Program.Value) -> TensorView?

  /// Of a value whose gradient was asked for.
  func gradient(of value: Program.Value) -> TensorView?
}
