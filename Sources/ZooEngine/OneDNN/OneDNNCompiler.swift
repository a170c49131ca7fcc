import COneDNN
import ZooKit

/// Schedules a program on oneDNN, step by step.
///
/// A value is in a slot with some layout, and may also be in other slots with other layouts that
/// later steps needed.
final class OneDNNCompiler {
  /// An argument and its place.
  struct Use {
    let role: zoo_dnn_role
    var index = 0
    let slot: Schedule.Slot
  }

  /// The slot and layout of a value.
  struct Place {
    let slot: Schedule.Slot
    let layout: Layout
  }

  /// Steps lose their constants once they are compiled.
  private(set) var program: Program
  let schedule: Schedule
  var batch: Int { schedule.batch }
  let winograd: Bool
  /// Whether our own AVX-512 kernels are used.
  let isWide: Bool
  /// The type that convolutions and dense layers read and write.
  let type: zoo_dnn_type
  /// The slots of the program's inputs and outputs.
  private(set) var inputs: [Schedule.Slot] = []
  private(set) var outputs: [Schedule.Slot] = []
  /// The places of every value, the most natural first.
  private(set) var places: [[Place]]
  /// The current step.
  private var step: Program.Step?
  /// The remaining readers of every value.
  var readers: [Int]
  /// The last step that reads each value.
  let lastReader: [Int]
  /// Values that are never stored: the step that reads one computes it from another value while
  /// reading.
  var prologues: [Program.Value: (source: Program.Value, PointwiseConvolution.Prologue)] = [:]

  init(_ program: consuming Program, batch: Int, engine: OneDNNEngine) throws {
    readers = program.uses
    lastReader = program.lastReader
    places = Array(repeating: [], count: program.shapes.count)
    self.program = consume program
    schedule = Schedule(batch: batch)
    (winograd, isWide) = (engine.winograd, engine.isWide)
    type = self.program.halves(for: engine) ? zoo_dnn_bfloat16 : zoo_dnn_float32
    schedule.setThreads()
    for port in self.program.inputs {
      let layout = try plainLayout(self.program.shapes[port.value])
      inputs.append(schedule.borrowedSlot(layout.floats))
      places[port.value] = [Place(slot: inputs[inputs.count - 1], layout: layout)]
    }
    for index in self.program.steps.indices {
      let step = self.program.steps[index]
      self.program.steps[index].constants = []
      try compile(step)
    }
    step = nil
    outputs = try self.program.outputs.map { try plainPlace(of: $0.value).slot }
    for slot in outputs { schedule.keep(slot) }
  }

  private func compile(_ step: Program.Step) throws {
    var rest: Program.Step? = step
    while let next = rest {
      rest = nil
      self.step = next
      guard let taken = try translate(next) else {
        try runLayers(of: next)
        break
      }
      // The rest of the epilogue, which the operation could not apply, follows as a separate step.
      rest = next.rest(after: taken)
    }
    for value in step.operands { readers[value] -= 1 }
  }

  /// Gives the step's output a place and returns how many steps of its epilogue are applied; nil if
  /// only its layer can compute it.
  private func translate(_ step: Program.Step) throws -> Int? {
    switch step.layer {
    case let layer as Convolution: try convolution(layer, step)
    case let layer as TransposedConvolution: try transposedConvolution(layer, step)
    case let layer as Dense: try dense(layer, step)
    case let layer as AveragePool where precede(layer, step): 0
    case let layer where isNothing(layer, step): try identity(step)
    case let layer as Activation: try activation(layer, step)
    case is Add where step.inputs.count == 2: try sum(step)
    case is Multiply: try product(step)
    case is Softmax: try softmax(step)
    case is Concatenate: try concatenation(step)
    case let layer as Slice: try slice(layer, step)
    case let layer where layer.isIdentity: try identity(step)
    case let layer where layer.isElementwise: try elementwise(step)
    default:
      if let norm = step.layer.channelNorm(step.constants) {
        try self.norm(norm, step)
      } else {
        try map(step)
      }
    }
  }

  /// Whether it is a pooling that changes nothing.
  private func isNothing(_ layer: any Layer, _ step: Program.Step) -> Bool {
    Pooling(layer, program.shapes[step.inputs[0]], program.shapes[step.output])?.isNothing ?? false
  }

  /// On plain arrays, with the layers' own code.
  private func runLayers(of step: Program.Step) throws {
    let sources = try step.operands.map {
      (slot: try plainPlace(of: $0).slot, shape: program.shapes[$0])
    }
    let shape = program.shapes[step.output]
    let target = newPlace(try plainLayout(shape))
    let kernel = LayerKernel(step)
    schedule.emit(stage("layer"), sources.map(\.slot) + [target.slot]) { run in
      try kernel.run(
        sources.map { run.view($0.slot, $0.shape) }, into: run.view(target.slot, shape),
        run.scratch)
    }
    places[step.output] = [target]
  }

  /// Computes element by element in the layout of the first input, unless that is part of something
  /// else.
  private func elementwise(_ step: Program.Step) throws -> Int? {
    let first = place(of: step.inputs[0])
    let shape = Shape([batch * program.shapes[step.output].count])
    guard first.layout.type == zoo_dnn_float32, first.layout.floats == shape.count else {
      return nil
    }
    var alone = step
    alone.epilogue = []
    let kernel = LayerKernel(alone)
    let sources = try step.inputs.map { try place(of: $0, in: first.layout).slot }
    let target = newPlace(first.layout)
    schedule.emit(stage("layer"), sources + [target.slot]) { run in
      func view(_ slot: Schedule.Slot) -> TensorView {
        TensorView(run.memory[slot], batch: 1, shape: shape)
      }
      try kernel.run(sources.map(view), into: view(target.slot), run.scratch)
    }
    places[step.output] = [target]
    return 0
  }
}

// MARK: Places

extension OneDNNCompiler {
  /// A value's axes for oneDNN, which supports five at most.
  func sizes(_ shape: Shape) -> [Int] {
    1...4 ~= shape.rank ? [batch] + shape.sizes : [batch, shape.count]
  }

  /// The type defaults to float32.
  func layout(
    _ shape: Shape, _ format: zoo_dnn_format, _ type: zoo_dnn_type = zoo_dnn_float32
  ) throws -> Layout {
    guard let layout = try Layout(sizes(shape), format)?.of(type) else {
      throw ZooError.failure("oneDNN cannot describe \(batch)×\(shape)")
    }
    return layout
  }

  func plainLayout(_ shape: Shape) throws -> Layout { try layout(shape, zoo_dnn_plain) }

  func newPlace(_ layout: Layout) -> Place {
    Place(slot: schedule.newSlot(layout.floats), layout: layout)
  }

  /// The current place of a value, contiguous. The inputs of a step always have one.
  func place(of value: Program.Value) -> Place {
    if let known = places[value].first(where: { !isScattered($0.slot) }) { return known }
    let scattered = places[value][0]
    let place = newPlace(scattered.layout)
    copy(scattered, to: place)
    places[value].append(place)
    return place
  }

  /// The current layout of a value.
  func layout(of value: Program.Value) -> Layout { places[value][0].layout }

  /// A value in a given layout, contiguous, reordered if necessary.
  func place(of value: Program.Value, in layout: Layout) throws -> Place {
    func isIt(_ place: Place) -> Bool { place.layout.equals(layout) && !isScattered(place.slot) }
    if let known = places[value].first(where: isIt) { return known }
    let current = self.place(of: value)
    if isIt(current) { return current }
    let place = newPlace(layout)
    try reorder(current, to: place)
    places[value].append(place)
    return place
  }

  /// A value for our own kernels: in blocks of 16, with any distance between items of the batch.
  func blockedPlace(of value: Program.Value, _ type: zoo_dnn_type? = nil) throws -> Place {
    let layout = try layout(program.shapes[value], zoo_dnn_blocks_of_16, type ?? self.type)
    return try places[value].first { $0.layout.equals(layout) } ?? place(of: value, in: layout)
  }

  func plainPlace(of value: Program.Value) throws -> Place {
    try place(of: value, in: plainLayout(program.shapes[value]))
  }

  func reorder(_ source: Place, to target: Place) throws {
    emit(
      try .reorder(source.layout, to: target.layout),
      [
        .init(role: zoo_dnn_source, slot: source.slot),
        .init(role: zoo_dnn_target, slot: target.slot),
      ]
    )
  }

  /// The output is the input under another name, as a plain array if the shape differs; the
  /// epilogue follows.
  func identity(_ step: Program.Step) throws -> Int {
    let (from, to) = (step.inputs[0], step.output)
    let found = place(of: from)
    if program.shapes[from] == program.shapes[to] {
      places[to] = [found]
    } else {
      let type = found.layout.type
      let plain = try place(of: from, in: layout(program.shapes[from], zoo_dnn_plain, type))
      let layout = try layout(program.shapes[to], zoo_dnn_plain, type)
      places[to] = [Place(slot: plain.slot, layout: layout)]
    }
    return 0
  }

  /// Whether only the current reader still needs the value's memory.
  func mayOverwrite(_ value: Program.Value) -> Bool {
    let slot = schedule.whole(of: place(of: value).slot).slot
    return !schedule.isBorrowed(slot) && readers[value] == 1
      && places.indices.allSatisfy { other in
        other == value || readers[other] == 0
          || !places[other].contains { schedule.whole(of: $0.slot).slot == slot }
      }
  }

  /// Makes a value part of a larger one, `offset` floats after the start of each item. It is copied
  /// if it is in the caller's memory or already a part, or if the library's operations need it
  /// contiguous and it would not be.
  func embed(_ place: Place, in slot: Schedule.Slot, at offset: Int) {
    var part = place.slot
    let isKnown =
      batch > 1
      && schedule.works.contains { work in
        !work.takesParts && work.uses.contains { schedule.whole(of: $0).slot == part }
      }
    if isKnown || schedule.isBorrowed(part) || schedule.isPart(part)
      || schedule.floats[part] != place.layout.floats
    {
      part = newPlace(place.layout).slot
      schedule.place(part, in: slot, at: offset)
      copy(place, to: Place(slot: part, layout: place.layout))
    } else {
      schedule.place(part, in: slot, at: offset)
    }
  }

  /// A part of a place, `offset` floats after the start of each item; nil in the caller's memory,
  /// which differs at every run.
  func part(of place: Place, at offset: Int, _ layout: Layout) -> Place? {
    guard !schedule.isBorrowed(schedule.whole(of: place.slot).slot) else { return nil }
    let part = newPlace(layout)
    schedule.place(part.slot, in: place.slot, at: offset)
    return part
  }

  /// Whether the items of a batch are not contiguous, because they are parts of larger ones.
  func isScattered(_ slot: Schedule.Slot) -> Bool { batch > 1 && schedule.isPart(slot) }
}

// MARK: Work

extension OneDNNCompiler {
  func emit(_ operation: Operation, _ uses: [Use]) {
    let stage = stage(operation.name, isReorder: operation.kind == zoo_dnn_reorder)
    // Only the caller's memory differs between runs.
    let moving = uses.filter { schedule.isBorrowed($0.slot) }
    let place = schedule.add(operation)
    schedule.emit(stage, uses.map(\.slot), scratch: operation.scratchFloats) { run in
      let operation = run.operations[place]
      for use in operation.isBound ? moving : uses {
        try operation.bind(use.role, use.index, to: run.memory[use.slot])
      }
      if !operation.isBound { try operation.bind(scratch: run.scratchpad.base) }
      operation.isBound = true
      try operation.run()
    }
  }

  /// The uses are the source, the shortcut if any, and the target.
  func emit(_ kernel: any BlockedKernel, _ uses: [Use]) {
    let stage = stage(kernel.name, isReorder: kernel is BlockedCopy)
    let slots = uses.map(\.slot)
    schedule.emit(stage, slots, scratch: kernel.scratch, takesParts: true) { run in
      let maps = slots.map { (pointer: run.memory[$0], apart: run.apart[$0]) }
      let call = BlockedCall(
        source: maps[0], shortcut: maps.count > 2 ? maps[1] : nil, target: maps[maps.count - 1])
      kernel.run(call, run.scratchpad.base)
    }
  }

  /// Copies between places of one layout.
  private func copy(_ source: Place, to target: Place) {
    emit(
      BlockedCopy(floats: source.layout.floats / batch, batch: batch, threads: schedule.threads),
      [
        .init(role: zoo_dnn_source, slot: source.slot),
        .init(role: zoo_dnn_target, slot: target.slot),
      ])
  }

  /// The profile stage of the current work.
  private func stage(_ kernel: String, isReorder: Bool = false) -> PlanStage {
    guard let step else {
      return PlanStage(step: "outputs", kind: "reorder", kernel: kernel, macs: 0)
    }
    return PlanStage(
      step: step.name, kind: isReorder ? "reorder" : step.layer.kind, kernel: kernel,
      macs: isReorder ? 0 : batch * program.macs(of: step))
  }

  /// Computes the step's output from these sources into a new slot.
  func emit(_ operation: Operation, _ sources: [Place], for step: Program.Step) throws {
    guard let layout = operation.layout(zoo_dnn_target) else {
      throw ZooError.failure("oneDNN gives no layout for \(step.name)")
    }
    let target = newPlace(layout)
    let uses = sources.enumerated().map { Use(role: zoo_dnn_source, index: $0, slot: $1.slot) }
    emit(operation, uses + [Use(role: zoo_dnn_target, slot: target.slot)])
    place(step.output, at: target)
  }

  func place(_ value: Program.Value, at place: Place) { places[value] = [place] }

  /// Gives an operation a constant, packed unless it already has the right layout.
  func bind(
    _ tensor: Tensor, in plain: Layout, to role: zoo_dnn_role, of operation: Operation
  ) throws {
    guard let wanted = operation.layout(role), let values = TensorView(constant: tensor) else {
      throw ZooError.failure("oneDNN's \(operation.name) takes no such constant")
    }
    if wanted.equals(plain) {
      schedule.retain(tensor)
      return try operation.bind(role, to: values.pointer)
    }
    let block = try Block(wanted.floats)
    let packing = try Operation.reorder(plain, to: wanted)
    let scratch = try Block(max(1, packing.scratchFloats))
    try withExtendedLifetime(tensor) {
      try packing.run(
        [(zoo_dnn_source, values.pointer), (zoo_dnn_target, block.base)], scratch: scratch.base)
    }
    try operation.bind(role, to: block.base)
    schedule.retain(block)
  }

  func runner() throws -> ScheduledExecutable {
    try ScheduledExecutable(schedule, program, inputs: inputs, outputs: outputs)
  }
}

extension Schedule {
  /// The library's kernels must run on the number of threads they were made for.
  func setThreads() {
    let threads = Int32(threads)
    prepare = { zoo_dnn_set_threads(threads) }
    prepare()
  }
}
