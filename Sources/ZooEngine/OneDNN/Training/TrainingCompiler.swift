import COneDNN
import ZooKit

/// Schedules a program that learns on oneDNN, forward and then backward.
///
/// Maps lie in blocks of 16 channels from one step to the next, in both directions. Each step that
/// is compiled leaves behind what compiles it backward; those run in reverse, so all works stand on
/// one clock, and a slot lives from the first work that uses it to the last.
final class TrainingCompiler {
  /// Where a value or a gradient lies, and how.
  struct Place {
    enum Form { case plain, blocks }
    let slot: Schedule.Slot
    var offset = 0
    /// Floats from one item to the next: more than an item has, where it is part of a larger one.
    var item: Int
    let form: Form
    let shape: Shape
  }

  /// A part of a gradient: all of them together are the gradient.
  struct Contribution {
    let place: Place
    /// Nobody else will look at it.
    var isOwned: Bool
  }

  let program: Program
  let flow: GradientFlow
  let parameters: LearnedParameters
  let schedule: Schedule
  let winograd: Bool
  private var forwardCount = 0
  private var inputs: [Schedule.Slot] = []
  /// By value: what users read.
  private var keptValues: [Program.Value: ScheduledTraining.Place] = [:]
  private var keptGradients: [Program.Value: ScheduledTraining.Place] = [:]
  /// Of every value, the most natural place first.
  var places: [[Place]]
  var contributions: [[Contribution]]
  /// The step at hand, for profiles.
  private var step: Program.Step?
  /// Compile backward what has been compiled, in that order.
  private var backward: [() throws -> Void] = []
  /// Parameters that something has been given to already, in the order of a run.
  private var served: Set<String> = []
  /// Concatenations that begin a larger one; see `concatenation`.
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

  /// The frozen prefix gives its values before anything else happens.
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

  /// What was handed over for every value that takes a gradient, zero where nothing was.
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

  /// False where only its layers know how to compute it.
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

  /// How to compile backward what was just compiled.
  func onBackward(_ step: Program.Step, _ compile: @escaping () throws -> Void) {
    backward.append { [self] in
      self.step = step
      if flow.gradients.values.contains(step.output) { try keepGradient(of: step.output) }
      guard flow.runsBackward[step.output] else { return }
      try compile()
    }
  }

  // MARK: Works

  /// - Parameter products: how often it does the multiply-accumulates of the step.
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

  /// A parameter's gradient is there: in `run`'s hands at the moment, to be written or added.
  ///
  /// The first that gives to a parameter overwrites what the last step left, unless gradients
  /// accumulate over steps; all others add.
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

  /// A layer adds to its parameters' gradients by itself.
  func isFirst(to parameter: Parameter) -> Bool { served.insert(parameter.name).inserted }
}
