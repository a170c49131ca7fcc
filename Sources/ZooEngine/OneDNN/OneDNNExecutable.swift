import COneDNN
import ZooKit

/// A program as operations of oneDNN and of layers over one arena.
final class OneDNNExecutable: Executable {
  private let program: Program
  private let batch: Int
  private let works: [OneDNNCompiler.Work]
  private let constants: (tensors: [Tensor], packed: [Block])
  private let arena: Block
  /// Memory that operations borrow while they run.
  private let scratchpad: Block
  private let scratch = Scratch()
  /// The memory of every slot; of the program's inputs since the latest run.
  private var memory: [UnsafeMutablePointer<Float>]
  /// From one item of the batch to the next, in elements of maps.
  private let apart: [Int]
  private let outputs: [Int]
  /// The kernels were made for so many.
  private let threads: Int

  var arenaBytes: Int { (arena.count + scratchpad.count) * 4 }

  init(_ compiler: OneDNNCompiler) throws {
    var program = compiler.program
    // What was packed is not needed as it was.
    program.steps = []
    self.program = program
    (batch, works) = (compiler.batch, compiler.works)
    (constants, threads, outputs) = (compiler.constants, compiler.threads, compiler.outputs)

    let (claims, slots) = compiler.claims()
    let plan = Arena(claims)
    let arena = try Block(plan.size)
    self.arena = arena
    memory = Array(repeating: arena.base, count: compiler.slots.count)
    let offsets = Dictionary(uniqueKeysWithValues: zip(slots, plan.offsets))
    for slot in memory.indices {
      let (whole, offset) = compiler.whole(of: slot)
      memory[slot] = arena.base + (offsets[whole] ?? 0) + offset
    }
    apart = compiler.slots.indices.map {
      compiler.slots[compiler.whole(of: $0).slot] / compiler.batch
    }
    scratchpad = try Block(compiler.scratchFloats)

    for work in works {
      guard case .operation(let operation) = work.body else { continue }
      for use in work.uses { try operation.bind(use.role, use.index, to: memory[use.slot]) }
      try operation.bind(scratch: scratchpad.base)
    }
  }

  var stages: [PlanStage] { works.map(\.stage) }

  func run(
    _ inputs: [UnsafePointer<Float>], _ clock: StageClock?, _ read: ([TensorView]) throws -> Void
  ) throws {
    guard inputs.count == program.inputs.count else {
      throw ZooError.usage(
        "the network takes \(program.inputs.map(\.name).joined(separator: ", ")), "
          + "not \(inputs.count) inputs")
    }
    // The compiler gives the inputs the first slots; nothing writes to them.
    for (slot, pointer) in inputs.enumerated() {
      memory[slot] = UnsafeMutablePointer(mutating: pointer)
    }
    zoo_dnn_set_threads(Int32(threads))
    clock?.start()
    for work in works {
      switch work.body {
      case .operation(let operation):
        for use in work.uses where use.slot < inputs.count {
          try operation.bind(use.role, use.index, to: memory[use.slot])
        }
        try operation.run()
      case .blocked(let kernel):
        let maps = work.uses.map { (pointer: memory[$0.slot], apart: apart[$0.slot]) }
        let call = BlockedCall(
          source: maps[0], shortcut: maps.count > 2 ? maps[1] : nil, target: maps[maps.count - 1])
        kernel.run(call, scratchpad.base)
      case .layers(let kernel, let batch, let shapes, let output):
        let views = zip(work.uses, shapes).map {
          TensorView(memory[$0.slot], batch: batch, shape: $1)
        }
        guard let target = work.uses.last else { continue }
        try kernel.run(
          views, into: TensorView(memory[target.slot], batch: batch, shape: output), scratch)
      }
      clock?.lap()
    }
    try read(
      zip(outputs, program.outputs).map {
        TensorView(memory[$0], batch: batch, shape: program.shapes[$1.value])
      })
  }
}
