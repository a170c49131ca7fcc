import ZooKit

/// Runs a program one step after another over one arena.
final class StepByStep: Executable {
  private struct Instruction {
    let kernel: any Kernel
    let inputs: [Program.Value]
    let output: Program.Value
  }

  private let program: Program
  private let batch: Int
  private let arena: Block
  private let instructions: [Instruction]
  /// Where each value lies; inputs are filled in at each run.
  private var views: [TensorView?]
  private let scratch = Scratch()

  var arenaBytes: Int { arena.count * 4 }

  init(_ program: Program, batch: Int, engine: some Engine) throws {
    self.program = program
    self.batch = batch
    let (homes, claims) = program.homes(batch: batch)
    let plan = Arena(claims)
    let arena = try Block(plan.size)
    self.arena = arena
    views = program.shapes.indices.map { value in
      homes[value].map {
        TensorView(arena.base + plan.offsets[$0], batch: batch, shape: program.shapes[value])
      }
    }
    instructions = try program.steps.map { step in
      Instruction(
        kernel: try engine.kernel(for: step, shapes: program.shapes, batch: batch)
          ?? LayerKernel(step),
        inputs: step.inputs + step.epilogue.flatMap(\.others), output: step.output)
    }
    stages = zip(program.steps, instructions).map { step, instruction in
      PlanStage(
        step: step.name, kind: step.layer.kind,
        kernel: instruction.kernel is LayerKernel ? "layer" : engine.name,
        macs: batch * program.macs(of: step))
    }
  }

  let stages: [PlanStage]

  func run(
    _ inputs: [UnsafePointer<Float>], _ clock: StageClock?, _ read: ([TensorView]) throws -> Void
  ) throws {
    guard inputs.count == program.inputs.count else {
      throw ZooError.usage(
        "the network takes \(program.inputs.map(\.name).joined(separator: ", ")), "
          + "not \(inputs.count) inputs")
    }
    for (port, pointer) in zip(program.inputs, inputs) {
      // Never written: no step shares the home of an input.
      views[port.value] = TensorView(
        UnsafeMutablePointer(mutating: pointer), batch: batch, shape: program.shapes[port.value])
    }
    clock?.start()
    for instruction in instructions {
      guard let output = views[instruction.output] else { continue }
      try instruction.kernel.run(
        instruction.inputs.compactMap { views[$0] }, into: output, scratch)
      clock?.lap()
    }
    try read(program.outputs.compactMap { views[$0.value] })
  }
}

extension Program {
  /// Where values live: values that may lie over one another share a home. Inputs have none, for
  /// they stay in the caller's memory.
  package func homes(batch: Int) -> (homes: [Int?], claims: [Arena.Claim]) {
    var homes: [Int?] = Array(repeating: nil, count: shapes.count)
    var claims: [Arena.Claim] = []
    let lastUse = lastUse
    for (time, step) in steps.enumerated() {
      let first = step.inputs.first
      if step.layer.inPlace, let first, let home = homes[first], lastUse[first] == time,
        !step.otherValues.contains(first), shapes[first].count == shapes[step.output].count
      {
        homes[step.output] = home
        claims[home].last = lastUse[step.output]
      } else {
        homes[step.output] = claims.count
        claims.append(
          .init(count: batch * shapes[step.output].count, first: time, last: lastUse[step.output]))
      }
    }
    return (homes, claims)
  }

  /// The last step that reads each value; outputs are read after all steps.
  private var lastUse: [Int] {
    var last = Array(repeating: 0, count: shapes.count)
    for (time, step) in steps.enumerated() {
      last[step.output] = time
      for value in step.inputs + step.epilogue.flatMap(\.others) { last[value] = time }
    }
    for port in outputs { last[port.value] = steps.count }
    return last
  }
}

extension Program.Step {
  /// What it reads besides its first input.
  fileprivate var otherValues: [Program.Value] {
    inputs.dropFirst() + epilogue.flatMap(\.others)
  }
}

/// A step as its layers do it.
struct LayerKernel: Kernel {
  private let step: Program.Step
  private let constants: [TensorView]
  private let epilogueConstants: [[TensorView]]

  init(_ step: Program.Step) {
    self.step = step
    constants = step.constants.compactMap { TensorView(constant: $0) }
    epilogueConstants = step.epilogue.map { rider in
      rider.constants.compactMap { TensorView(constant: $0) }
    }
  }

  func run(_ inputs: [TensorView], into output: TensorView, _ scratch: Scratch) throws {
    var others = inputs[step.inputs.count...]
    try step.layer.forward(
      Pass(
        mode: .inference, inputs: Array(inputs.prefix(step.inputs.count)), parameters: constants,
        output: output, scratch: scratch))
    for (rider, constants) in zip(step.epilogue, epilogueConstants) {
      let riding = others.prefix(rider.others.count)
      others = others.dropFirst(rider.others.count)
      try rider.layer.forward(
        Pass(
          mode: .inference, inputs: [output] + riding, parameters: constants, output: output,
          scratch: scratch))
    }
  }
}
