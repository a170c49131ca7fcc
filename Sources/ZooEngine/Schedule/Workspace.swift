import ZooKit

/// The memory of a schedule, and the arguments of its works while they run.
final class Workspace {
  private let arena: Block
  let bytes: Int
  /// The scratch memory of kernels.
  let scratchpad: Block
  /// The scratch memory of layers.
  let scratch = Scratch()
  /// The address of every slot; for the caller's slots, those of the latest run.
  private(set) var memory: [UnsafeMutablePointer<Float>]
  /// For every slot, the floats between items of the batch.
  let apart: [Int]
  let batch: Int
  /// The number of threads that kernels were made for.
  let threads: Int32
  /// Runs before the works, for settings of a library.
  let prepare: () -> Void
  private let floats: [Int]
  private let works: [Schedule.Work]
  /// Objects that kernels read.
  private let constants: [Any]
  /// The library's operations, with arguments in this memory.
  let operations: [Operation]

  // For training: the current step.

  let parameters: LearnedParameters?
  var random = Random(seed: 0)
  var rule = Rule.plain
  /// Whether gradients of parameters are added to the existing ones.
  var isAccumulating = false
  /// The gradients passed in, by value.
  var seeds: [Program.Value: [Tensor]] = [:]

  init(_ schedule: Schedule, _ parameters: LearnedParameters? = nil) throws {
    operations = try schedule.operations.map { try $0.copy() }
    let (claims, slots) = schedule.claims
    let plan = Arena(claims)
    let arena = try Block(plan.size)
    let offsets = Dictionary(uniqueKeysWithValues: zip(slots, plan.offsets))
    memory = schedule.floats.indices.map { slot in
      let (whole, offset) = schedule.whole(of: slot)
      return arena.base + (offsets[whole] ?? 0) + offset
    }
    self.arena = arena
    scratchpad = try Block(max(1, schedule.scratchFloats))
    apart = schedule.floats.indices.map(schedule.apart)
    (batch, threads, floats) = (schedule.batch, Int32(schedule.threads), schedule.floats)
    (works, prepare, constants) = (schedule.works, schedule.prepare, schedule.constants)
    self.parameters = parameters
    bytes = 4 * (plan.size + schedule.scratchFloats)
  }

  var stages: [PlanStage] { works.map(\.stage) }
  var workCount: Int { works.count }

  /// The caller's inputs, which are never written.
  func lend(_ inputs: [UnsafePointer<Float>], to slots: [Schedule.Slot]) {
    for (slot, pointer) in zip(slots, inputs) {
      memory[slot] = UnsafeMutablePointer(mutating: pointer)
    }
  }

  /// A slot as a plain array.
  func view(_ slot: Schedule.Slot, _ shape: Shape) -> TensorView {
    TensorView(memory[slot], batch: batch, shape: shape)
  }

  func zero(_ slot: Schedule.Slot) { memory[slot].update(repeating: 0, count: floats[slot]) }

  /// Adds arrays to a slot.
  func add(_ tensors: [Tensor], to slot: Schedule.Slot) {
    let target = memory[slot]
    for tensor in tensors {
      tensor.withValues { for index in $0.indices { target[index] += $0[index] } }
    }
  }

  func value(of parameter: Parameter) throws -> TensorView {
    guard let parameters else { throw ZooError.failure("no parameters are there to be read") }
    return try parameters.value(of: parameter)
  }

  func gradient(of parameter: Parameter) -> TensorView? { parameters?.gradient(of: parameter) }

  func run(_ range: Range<Int>, _ clock: StageClock?) throws {
    prepare()
    for work in works[range] {
      try work.run(self)
      clock?.lap()
    }
  }
}
