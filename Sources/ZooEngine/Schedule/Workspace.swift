import ZooKit

/// The memory of a schedule and what its works see while they run.
final class Workspace {
  private let arena: Block
  let bytes: Int
  /// Memory that kernels borrow.
  let scratchpad: Block
  /// Memory that layers borrow.
  let scratch = Scratch()
  /// Of every slot; of the caller's since the latest run.
  private(set) var memory: [UnsafeMutablePointer<Float>]
  /// Of every slot: floats from one item of the batch to the next.
  let apart: [Int]
  let batch: Int
  /// Kernels were made for this number.
  let threads: Int32
  /// Before works run, where a library has to be told something.
  let prepare: () -> Void
  private let floats: [Int]
  private let works: [Schedule.Work]
  /// What kernels read.
  private let constants: [Any]

  // Training, and its step at hand.

  let parameters: LearnedParameters?
  var random = Random(seed: 0)
  var rule = Rule.plain
  /// Gradients of parameters are added to those that are there.
  var isAccumulating = false
  /// Gradients that were handed over, by value.
  var seeds: [Program.Value: [Tensor]] = [:]

  init(_ schedule: Schedule, _ parameters: LearnedParameters? = nil) throws {
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

  /// Nothing writes to them.
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

  /// Adds arrays to what lies in a slot.
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
