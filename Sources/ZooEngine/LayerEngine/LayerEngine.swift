import ZooKit

/// The engine that is always available: every layer's own code, over OpenBLAS.
public struct LayerEngine: Engine {
  public init() {}
  public var name: String { "openblas" }
}

extension Engine {
  public func compile(_ program: consuming Program, batch: Int) throws -> any Executable {
    let (schedule, slots) = program.scheduledAsLayers(batch: batch)
    let inputs = program.inputs.compactMap { slots[$0.value] }
    let outputs = program.outputs.compactMap { slots[$0.value] }
    return try ScheduledExecutable(schedule, program, inputs: inputs, outputs: outputs)
  }

  public func trainingRunner(
    for program: consuming Program, _ parameters: LearnedParameters, batch: Int
  ) throws -> any TrainingRunner {
    try LayerTrainingCompiler(program, batch: batch).runner(parameters)
  }
}

extension Program {
  /// The program as its layers compute it, on plain arrays, and the slot of each value. An output
  /// overwrites the first input if the layer allows it and nothing else reads that input.
  func scheduledAsLayers(batch: Int) -> (schedule: Schedule, slots: [Schedule.Slot?]) {
    let schedule = Schedule(batch: batch)
    var slots: [Schedule.Slot?] = Array(repeating: nil, count: shapes.count)
    for port in inputs {
      slots[port.value] = schedule.borrowedSlot(batch * shapes[port.value].count)
    }
    let (lastReader, asked) = (lastReader, Set(outputs.map(\.value)))
    for (time, step) in steps.enumerated() {
      let operands = step.operands
      var slot: Schedule.Slot?
      if step.layer.inPlace, let first = operands.first, lastReader[first] == time,
        !asked.contains(first), !operands.dropFirst().contains(first),
        shapes[first].count == shapes[step.output].count
      {
        slot = slots[first].flatMap { schedule.isBorrowed($0) ? nil : $0 }
      }
      let target = slot ?? schedule.newSlot(batch * shapes[step.output].count)
      slots[step.output] = target
      let sources = operands.compactMap { value in slots[value].map { ($0, shapes[value]) } }
      let (kernel, shape) = (LayerKernel(step), shapes[step.output])
      schedule.emit(stage(of: step, "layer", batch: batch), sources.map(\.0) + [target]) { run in
        try kernel.run(
          sources.map { run.view($0, $1) }, into: run.view(target, shape), run.scratch)
      }
    }
    for slot in outputs.compactMap({ slots[$0.value] }) { schedule.keep(slot) }
    return (schedule, slots)
  }

  /// The contents of an arena for the layers' engine, without allocating one.
  package func claims(batch: Int) -> [Arena.Claim] {
    scheduledAsLayers(batch: batch).schedule.claims.claims
  }
}

/// A step computed by its layers in inference.
struct LayerKernel {
  private let step: Program.Step
  private let constants: [TensorView]
  private let epilogueConstants: [[TensorView]]

  init(_ step: Program.Step) {
    self.step = step
    constants = step.constants.compactMap { TensorView(constant: $0) }
    epilogueConstants = step.epilogue.map { $0.constants.compactMap { TensorView(constant: $0) } }
  }

  /// The inputs are the step's operands.
  func run(_ inputs: [TensorView], into output: TensorView, _ scratch: Scratch) throws {
    var others = inputs[step.inputs.count...]
    try step.layer.forward(
      Pass(
        mode: .inference, inputs: Array(inputs.prefix(step.inputs.count)), parameters: constants,
        output: output, scratch: scratch))
    for (epilogue, constants) in zip(step.epilogue, epilogueConstants) {
      let operands = others.prefix(epilogue.others.count)
      others = others.dropFirst(epilogue.others.count)
      try epilogue.layer.forward(
        Pass(
          mode: .inference, inputs: [output] + operands, parameters: constants, output: output,
          scratch: scratch))
    }
  }
}
