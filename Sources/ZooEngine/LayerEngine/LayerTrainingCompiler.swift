import ZooKit

/// Schedules a program for training with its layers' own code, on plain arrays.
///
/// A value that backward reads is kept until it has been read. A gradient is zeroed before the
/// first layer adds to it.
/// layer adds to it.
struct LayerTrainingCompiler {
  private let program: Program
  private let flow: GradientFlow
  private let batch: Int
  let schedule: Schedule
  private var forwardCount = 0
  private var values: [Schedule.Slot?]
  private var gradients: [Schedule.Slot?]
  /// The saved arrays of every step.
  private var saved: [[Schedule.Slot]] = []
  /// Values whose gradients have received a contribution.
  private var touched: Set<Program.Value> = []

  init(_ program: Program, batch: Int) throws {
    guard let flow = program.flow else { throw ZooError.failure("the program does not learn") }
    (self.program, self.flow, self.batch) = (program, flow, batch)
    schedule = Schedule(batch: batch)
    values = Array(repeating: nil, count: program.shapes.count)
    gradients = values
    for port in program.inputs {
      values[port.value] = schedule.borrowedSlot(batch * program.shapes[port.value].count)
    }
    forward()
    forwardCount = schedule.works.count
    backward()
    for slot in flow.values.values.compactMap({ values[$0] }) { schedule.keep(slot) }
    for slot in flow.gradients.values.compactMap({ gradients[$0] }) { schedule.keep(slot) }
  }

  func runner(_ parameters: LearnedParameters) throws -> ScheduledTraining {
    func places(_ values: some Sequence<Program.Value>, _ slots: [Schedule.Slot?])
      -> [Program.Value: ScheduledTraining.Place]
    {
      var places: [Program.Value: ScheduledTraining.Place] = [:]
      for value in values { places[value] = slots[value].map { ($0, program.shapes[value]) } }
      return places
    }
    return try ScheduledTraining(
      schedule, parameters, forwardCount: forwardCount,
      inputs: program.inputs.compactMap { values[$0.value] },
      values: places(flow.values.values, values),
      gradients: places(flow.gradients.values, gradients))
  }

  // MARK: Forward

  private mutating func forward() {
    let lastRead = lastRead
    for (time, step) in program.steps.enumerated() {
      let shape = program.shapes[step.output]
      var slot: Schedule.Slot?
      if step.layer.inPlace, let first = step.inputs.first, lastRead[first] == time,
        !step.inputs.dropFirst().contains(first), program.shapes[first].count == shape.count
      {
        // Overwrites its first input, which is not read again, also not in backward.
        slot = values[first].flatMap { schedule.isBorrowed($0) ? nil : $0 }
      }
      let output = slot ?? schedule.newSlot(batch * shape.count)
      values[step.output] = output
      saved.append(
        step.isTraining ? savedShapes(of: step).map { schedule.newSlot($0.count) } : [])
      let pass = pass(of: step, saved[time])
      let uses = step.inputs.compactMap { values[$0] } + [output] + saved[time]
      schedule.emit(program.stage(of: step, "layer", batch: batch), uses) { run in
        try step.layer.forward(try pass(run))
      }
    }
  }

  /// The last time each value is read, counted in steps forward and then backward.
  private var lastRead: [Int] {
    var last = Array(repeating: 0, count: program.shapes.count)
    for (time, step) in program.steps.enumerated() {
      let back = 2 * program.steps.count - 1 - time
      let (needs, isBack) = (step.layer.needs, flow.runsBackward[step.output])
      for input in step.inputs {
        last[input] = max(last[input], isBack && needs.contains(.inputs) ? back : time)
      }
      if isBack, needs.contains(.output) { last[step.output] = back }
    }
    for value in flow.values.values { last[value] = 2 * program.steps.count }
    return last
  }

  private func savedShapes(of step: Program.Step) -> [Shape] {
    step.layer.saved(step.inputs.map { program.shapes[$0] }, batch: batch)
  }

  /// The pass of a step's layer.
  private func pass(of step: Program.Step, _ saved: [Schedule.Slot]) -> (Workspace) throws -> Pass {
    let inputs = step.inputs.compactMap { value in values[value].map { ($0, program.shapes[value]) }
    }
    let arrays = Array(zip(saved, savedShapes(of: step)))
    let (output, shape) = (values[step.output] ?? 0, program.shapes[step.output])
    return { run in
      Pass(
        mode: step.isTraining ? .training(run.random.key(step.name)) : .inference,
        inputs: inputs.map { run.view($0, $1) },
        parameters: try step.parameters.map { try run.value(of: $0) },
        output: run.view(output, shape),
        saved: arrays.map { TensorView(run.memory[$0], batch: 1, shape: $1) },
        scratch: run.scratch)
    }
  }

  // MARK: Backward

  private mutating func backward() {
    for value in program.shapes.indices where flow.hasGradient[value] {
      gradients[value] = schedule.newSlot(batch * program.shapes[value].count)
    }
    schedule.emit(.init(step: "gradients", kind: "zeros", kernel: "layer", macs: 0), []) { run in
      if !run.isAccumulating { run.parameters?.gradients.values.update(repeating: 0) }
    }
    for (time, step) in program.steps.enumerated().reversed() {
      plantSeeds(in: step.output)
      guard flow.runsBackward[step.output], touched.contains(step.output),
        let output = gradients[step.output]
      else { continue }
      let targets = step.inputs.map { input in
        gradients[input].map { ($0, program.shapes[input]) }
      }
      let fresh = Set(step.inputs).filter { touched.insert($0).inserted }
        .compactMap { gradients[$0] }
      let pass = pass(of: step, saved[time])
      let shape = program.shapes[step.output]
      var uses = [output] + saved[time] + targets.compactMap { $0?.0 }
      if step.layer.needs.contains(.inputs) { uses += step.inputs.compactMap { values[$0] } }
      if step.layer.needs.contains(.output) { uses += [values[step.output]].compactMap { $0 } }
      let learns = step.parameters.contains { flow.learning.contains($0.name) }
      let products = (learns ? 1 : 0) + (targets.contains { $0 != nil } ? 1 : 0)
      let stage = PlanStage(
        step: step.name, kind: step.layer.kind, kernel: "layer backward",
        macs: products * batch * program.macs(of: step))
      schedule.emit(stage, uses) { run in
        for slot in fresh { run.zero(slot) }
        try step.layer.backward(
          try pass(run),
          Gradients(
            output: run.view(output, shape),
            inputs: targets.map { $0.map { run.view($0, $1) } },
            parameters: step.parameters.map { run.gradient(of: $0) }, rule: run.rule))
      }
    }
    for port in program.inputs { plantSeeds(in: port.value) }
    for value in Set(flow.gradients.values).sorted() where !touched.contains(value) {
      zero(value)
    }
  }

  /// Adds the gradient passed in for a value.
  private mutating func plantSeeds(in value: Program.Value) {
    guard flow.seeds.values.contains(value), let slot = gradients[value] else { return }
    if touched.insert(value).inserted { zero(value) }
    schedule.emit(stage("seeds", value), [slot]) { run in
      run.add(run.seeds[value] ?? [], to: slot)
    }
  }

  private func zero(_ value: Program.Value) {
    guard let slot = gradients[value] else { return }
    schedule.emit(stage("zeros", value), [slot]) { run in run.zero(slot) }
  }

  private func stage(_ kind: String, _ value: Program.Value) -> PlanStage {
    let step = program.steps.first { $0.output == value }?.name ?? "inputs"
    return PlanStage(step: step, kind: kind, kernel: "layer", macs: 0)
  }
}
