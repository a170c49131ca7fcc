import COneDNN
import ZooKit

/// Schedules a program for training on oneDNN, forward and then backward.
///
/// Maps stay in blocks of 16 channels from step to step, in both directions. Each compiled step
/// leaves a closure that compiles its backward; these run in reverse order. So all works are on one
/// timeline, and a slot lives from the first work that uses it to the last.
final class TrainingCompiler {
  /// The slot and layout of a value or gradient.
  struct Place {
    enum Form { case plain, blocks }
    let slot: Schedule.Slot
    var offset = 0
    /// Floats between items: more than an item's size if it is part of a larger one.
    var item: Int
    let form: Form
    let shape: Shape
  }

  /// A contribution to a gradient; the gradient is the sum of all contributions.
  struct Contribution {
    let place: Place
    /// Whether nothing else uses it.
    var isOwned: Bool
  }

  let program: Program
  let flow: GradientFlow
  let parameters: LearnedParameters
  let schedule: Schedule
  let winograd: Bool
  private var forwardCount = 0
  private var inputs: [Schedule.Slot] = []
  /// The values that users read.
  private var keptValues: [Program.Value: ScheduledTraining.Place] = [:]
  private var keptGradients: [Program.Value: ScheduledTraining.Place] = [:]
  /// The places of every value, the most natural first.
  var places: [[Place]]
  var contributions: [[Contribution]]
  /// The current step, for profiles.
  private var step: Program.Step?
  /// Closures that compile the backward of the compiled steps, in the order of the steps.
  private var backward: [() throws -> Void] = []
  /// Parameters that have already received a gradient in a step.
  private var served: Set<String> = []
  /// Concatenations that start a larger one; see `concatenations()`.
  var wholes: [Program.Value: Program.Value] = [:]
  var wholeSlots: [Program.Value: Schedule.Slot] = [:]

  var batch: Int { schedule.batch }

  init(
    _ program: Program, _ parameters: LearnedParameters, batch: Int, engine: OneDNNEngine
  ) throws {
    guard let flow = program.flow else { throw ZooError.failure("the program does not learn") }
    (self.program, self.flow, self.parameters) = (program, flow, parameters)
    (schedule, winograd) = (Schedule(batch: batch), engine.winograd)
    places = Array(repeating: [], count: program.shapes.count)
    contributions = Array(repeating: [], count: program.shapes.count)
    schedule.setThreads()

    for port in program.inputs {
      let shape = program.shapes[port.value]
      inputs.append(schedule.borrowedSlot(batch * shape.count))
      places[port.value] = [place(inputs[inputs.count - 1], shape)]
    }
    if let prefix = program.prefix { computeFirst(prefix, engine) }
    wholes = concatenations()
    for step in program.steps {
      self.step = step
      if try compile(step) { continue }
      for part in step.parts.isEmpty ? [step] : step.parts {
        self.step = part
        try compileLayer(part)
      }
    }
    step = nil
    for value in Set(flow.values.values).sorted()
    where !program.inputs.contains(where: { $0.value == value }) {
      let place = try self.place(of: value, .plain)
      keptValues[value] = (place.slot, place.shape)
      schedule.keep(place.slot)
    }
    forwardCount = schedule.works.count

    plantSeeds()
    for compile in backward.reversed() { try compile() }
    (backward, step) = ([], nil)
    for value in Set(flow.gradients.values).sorted() where keptGradients[value] == nil {
      try keepGradient(of: value)
    }
  }

  func runner() throws -> ScheduledTraining {
    try ScheduledTraining(
      schedule, parameters, forwardCount: forwardCount, inputs: inputs, values: keptValues,
      gradients: keptGradients)
  }

  /// The frozen prefix computes its values first.
  private func computeFirst(_ prefix: FrozenPrefix, _ engine: OneDNNEngine) {
    let slots = prefix.crossing.map { value in
      let place = newPlace(program.shapes[value], .plain)
      places[value] = [place]
      return place.slot
    }
    guard !slots.isEmpty else { return }
    let computed = FrozenPrefix.Computed(prefix, engine)
    let inputs = inputs
    emit("frozen prefix", slots) { run in try computed.run(run, inputs, into: slots) }
  }

  /// The gradients passed in for every value that accepts one; the others are zero.
  private func plantSeeds() {
    var slots: [Program.Value: Schedule.Slot] = [:]
    for value in Set(flow.seeds.values).sorted() where flow.hasGradient[value] {
      let place = newPlace(program.shapes[value], .plain)
      slots[value] = place.slot
      contributions[value] = [.init(place: place, isOwned: true)]
    }
    emit("seeds", slots.values.sorted()) { run in
      for (value, slot) in slots {
        run.zero(slot)
        run.add(run.seeds[value] ?? [], to: slot)
      }
    }
  }

  /// False if only its layers can compute it.
  private func compile(_ step: Program.Step) throws -> Bool {
    switch step.layer {
    case let layer as BatchNorm where shape(step.output).rank == 3:
      return try norm(layer, step)
    case let layer as Convolution: return try convolution(layer, step)
    case let layer as TransposedConvolution: return try transposedConvolution(layer, step)
    case let layer as Dense: return try dense(layer, step)
    case is Add: return try sum(step)
    case is Concatenate: return try concatenation(step)
    case let layer as Slice: return try slice(layer, step)
    case let layer as Pad: return try pad(layer, step)
    case let layer where layer.isIdentity && !(layer.dependsOnMode && step.isTraining):
      return try identity(step)
    case let layer where layer.isElementwise: return try elementwise(layer, step)
    default: return try map(step)
    }
  }

  /// Registers how to compile the backward of the step that was just compiled.
  func onBackward(_ step: Program.Step, _ compile: @escaping () throws -> Void) {
    backward.append { [self] in
      self.step = step
      if flow.gradients.values.contains(step.output) { try keepGradient(of: step.output) }
      guard flow.runsBackward[step.output] else { return }
      try compile()
    }
  }

  // MARK: Works

  /// - Parameter products: how many times it does the step's multiply-accumulates.
  func emit(
    _ name: String, _ uses: [Schedule.Slot], scratch: Int = 0, products: Int = 0,
    _ run: @escaping (Workspace) throws -> Void
  ) {
    let macs = step.map { products * batch * program.macs(of: $0) } ?? 0
    let stage = PlanStage(
      step: step?.name ?? name, kind: step?.layer.kind ?? name, kernel: name, macs: macs)
    schedule.emit(stage, uses, scratch: scratch, run)
  }

  func emit(
    _ name: String, _ kernel: Operation, _ arguments: [(zoo_dnn_role, Place)],
    products: Int = 0
  ) {
    emit(
      name, arguments.map(\.1.slot), scratch: kernel.scratchFloats, products: products
    ) { run in
      try kernel.run(
        arguments.map { ($0.0, $0.1.pointer(run)) }, scratch: run.scratchpad.base)
    }
  }

  /// Users find the gradient of a value there.
  func keep(_ place: Place, _ value: Program.Value) {
    keptGradients[value] = (place.slot, place.shape)
    schedule.keep(place.slot)
  }

  func newSlot(_ layout: Layout) -> Schedule.Slot { schedule.newSlot(layout.floats) }

  /// Reports that a parameter's gradient is available to `run`, to be written or added.
  ///
  /// The first contribution to a parameter overwrites the last step's gradient, unless gradients
  /// accumulate over steps; all others are added.
  func deliver(
    to parameter: Parameter, _ name: String, _ uses: [Schedule.Slot], scratch: Int = 0,
    products: Int = 0,
    _ write: @escaping (Workspace, UnsafeMutablePointer<Float>) throws -> Void
  ) {
    let isFirst = served.insert(parameter.name).inserted
    emit(name, uses, scratch: scratch, products: products) { run in
      guard let target = run.gradient(of: parameter) else { return }
      guard !isFirst || run.isAccumulating else { return try write(run, target.pointer) }
      let added = try run.scratch.floats(target.count)
      try write(run, added)
      zoo_sum_forward(
        target.pointer, added, target.pointer, Int64(target.count), 0, run.threads)
    }
  }

  /// A layer adds to its parameters' gradients itself.
  func isFirst(to parameter: Parameter) -> Bool { served.insert(parameter.name).inserted }
}
