import COneDNN
import ZooKit

/// Turns a program into operations on slots of memory, step after step.
///
/// A value lies in a slot in some layout, and may lie in another slot in another layout as well,
/// where a later step asked for that. Only when all is laid out are the slots placed in an arena.
final class OneDNNCompiler {
  /// One thing to do at a run.
  struct Work {
    enum Body {
      case operation(Operation)
      /// The uses are the source, the shortcut if there is one, and the target.
      case blocked(any BlockedKernel)
      /// As the layers do it; the last use is the output.
      case layers(LayerKernel, batch: Int, inputs: [Shape], output: Shape)
    }
    let stage: PlanStage
    let body: Body
    let uses: [Use]
  }

  /// An argument and where it lies.
  struct Use {
    let role: zoo_dnn_role
    var index = 0
    let slot: Int
  }

  /// Where a value lies, and how.
  struct Place {
    let slot: Int
    let layout: Layout
  }

  /// Steps lose their constants when they are compiled.
  private(set) var program: Program
  let batch: Int
  let winograd: Bool
  /// The kernels of our own, made for AVX-512, are used.
  let isWide: Bool
  /// Of what convolutions and dense layers read and write.
  let type: zoo_dnn_type
  /// The library divides work when it makes a kernel.
  let threads = Threads.count
  private(set) var works: [Work] = []
  /// The size of every slot in floats; the first are the program's inputs.
  private(set) var slots: [Int] = []
  /// Slots that are part of a larger one, and where in it.
  private var wholes: [Int: (slot: Int, offset: Int)] = [:]
  /// The slots of the program's outputs.
  private(set) var outputs: [Int] = []
  /// What kernels read at every run: weights that lie as they want them, and packed ones.
  private(set) var constants: (tensors: [Tensor], packed: [Block]) = ([], [])
  private(set) var scratchFloats = 1
  /// Of every value, the most natural place first.
  private(set) var places: [[Place]]
  /// The step at hand.
  private var step: Program.Step?
  /// How many are still to read a value.
  var readers: [Int]
  /// Of every value the last step that reads it.
  let lastReader: [Int]
  /// Values that never exist by themselves: the step that reads one makes it on the way from
  /// another value.
  var prologues: [Program.Value: (source: Program.Value, PointwiseConvolution.Prologue)] = [:]

  init(_ program: consuming Program, batch: Int, engine: OneDNNEngine) throws {
    readers = program.uses
    lastReader = program.lastReader
    places = Array(repeating: [], count: program.shapes.count)
    self.program = consume program
    (self.batch, winograd, isWide) = (batch, engine.winograd, engine.isWide)
    type = self.program.halves(for: engine) ? zoo_dnn_bfloat16 : zoo_dnn_float32
    zoo_dnn_set_threads(Int32(threads))
    for port in self.program.inputs {
      let layout = try plainLayout(self.program.shapes[port.value])
      places[port.value] = [Place(slot: newSlot(layout), layout: layout)]
    }
    for index in self.program.steps.indices {
      let step = self.program.steps[index]
      self.program.steps[index].constants = []
      try compile(step)
    }
    step = nil
    outputs = try self.program.outputs.map { try plainPlace(of: $0.value).slot }
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
      // The first that the operation could not take along follows, with the others riding on it.
      let left = next.epilogue.dropFirst(taken)
      guard let rider = left.first else { break }
      rest = Program.Step(
        name: step.name, layer: rider.layer, inputs: [step.output] + rider.others,
        constants: rider.constants, epilogue: Array(left.dropFirst()), output: step.output)
    }
    for value in step.inputs + step.epilogue.flatMap(\.others) { readers[value] -= 1 }
  }

  /// Gives the step's output a place and returns how many of its epilogue are in it; nil where
  /// only its layer knows how to compute it.
  private func translate(_ step: Program.Step) throws -> Int? {
    switch step.layer {
    case let layer as Convolution: try convolution(layer, step)
    case let layer as TransposedConvolution: try transposedConvolution(layer, step)
    case let layer as Dense: try dense(layer, step)
    case let layer where layer is MaxPool || layer is AveragePool || layer is AdaptivePool:
      try pool(layer, step)
    case let layer as LocalResponseNorm: try responseNorm(layer, step)
    case let layer as Activation: try activation(layer, step)
    case is Add: try sum(step)
    case is Multiply: try product(step)
    case is Softmax: try softmax(step)
    case is Concatenate: try concatenation(step)
    case let layer as Slice: try slice(layer, step)
    case let layer as Upsample: try upsample(layer, step)
    case let layer where layer.isIdentity: try identity(step)
    case let layer where layer.isElementwise: try elementwise(step)
    default: try step.layer.channelNorm(step.constants).flatMap { try norm($0, step) }
    }
  }

  /// On plain arrays, as the layers do it.
  private func runLayers(of step: Program.Step) throws {
    let inputs = step.inputs + step.epilogue.flatMap(\.others)
    let sources = try inputs.map { try plainPlace(of: $0) }
    let layout = try plainLayout(program.shapes[step.output])
    runLayers(
      of: step, batch: batch, inputs.map { program.shapes[$0] }, sources,
      program.shapes[step.output], Place(slot: newSlot(layout), layout: layout))
  }

  private func runLayers(
    of step: Program.Step, batch: Int, _ shapes: [Shape], _ sources: [Place], _ shape: Shape,
    _ target: Place
  ) {
    let body = Work.Body.layers(LayerKernel(step), batch: batch, inputs: shapes, output: shape)
    let uses = (sources + [target]).map { Use(role: zoo_dnn_source, slot: $0.slot) }
    works.append(Work(stage: stage("layer"), body: body, uses: uses))
    places[step.output] = [target]
  }

  /// Element by element, so wherever the elements lie: in the layout of the first input, where that
  /// has nothing else in it.
  private func elementwise(_ step: Program.Step) throws -> Int? {
    let first = place(of: step.inputs[0])
    let shape = Shape([batch * program.shapes[step.output].count])
    guard first.layout.type == zoo_dnn_float32, first.layout.floats == shape.count else {
      return nil
    }
    var alone = step
    alone.epilogue = []
    let sources = try step.inputs.map { try place(of: $0, in: first.layout) }
    runLayers(
      of: alone, batch: 1, sources.map { _ in shape }, sources, shape,
      Place(slot: newSlot(first.layout), layout: first.layout))
    return 0
  }
}

// MARK: Places

extension OneDNNCompiler {
  /// The axes of a value as oneDNN sees them; it has nothing to do with more than five.
  func sizes(_ shape: Shape) -> [Int] {
    1...4 ~= shape.rank ? [batch] + shape.sizes : [batch, shape.count]
  }

  /// Of float32 where nothing else is said.
  func layout(
    _ shape: Shape, _ format: zoo_dnn_format, _ type: zoo_dnn_type = zoo_dnn_float32
  ) throws -> Layout {
    guard let layout = try Layout(sizes(shape), format)?.of(type) else {
      throw ZooError.failure("oneDNN cannot describe \(batch)×\(shape)")
    }
    return layout
  }

  func plainLayout(_ shape: Shape) throws -> Layout { try layout(shape, zoo_dnn_plain) }

  func newSlot(_ layout: Layout) -> Int {
    slots.append(layout.floats)
    return slots.count - 1
  }

  /// Where a value lies at present, in one piece. Every step's inputs were placed before it.
  func place(of value: Program.Value) -> Place {
    if let known = places[value].first(where: { !isScattered($0.slot) }) { return known }
    let scattered = places[value][0]
    let place = Place(slot: newSlot(scattered.layout), layout: scattered.layout)
    copy(scattered, to: place)
    places[value].append(place)
    return place
  }

  /// The layout that a value has at present.
  func layout(of value: Program.Value) -> Layout { places[value][0].layout }

  /// A value in a layout, in one piece, reordered unless it lies so somewhere.
  func place(of value: Program.Value, in layout: Layout) throws -> Place {
    func isIt(_ place: Place) -> Bool { place.layout.equals(layout) && !isScattered(place.slot) }
    if let known = places[value].first(where: isIt) { return known }
    let current = self.place(of: value)
    if isIt(current) { return current }
    let place = Place(slot: newSlot(layout), layout: layout)
    try reorder(current, to: place)
    places[value].append(place)
    return place
  }

  /// A value for kernels of our own: in blocks of 16, where nothing is said about the distance from
  /// one item of the batch to the next.
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

  /// The output is the input under another name, which lies as plain arrays do where the shape is
  /// another; the epilogue comes after.
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

  /// Nothing but the reader at hand will ever look at the value's memory again.
  func mayOverwrite(_ value: Program.Value) -> Bool {
    let slot = whole(of: place(of: value).slot).slot
    return slot >= program.inputs.count && readers[value] == 1
      && places.indices.allSatisfy { other in
        other == value || readers[other] == 0
          || !places[other].contains { whole(of: $0.slot).slot == slot }
      }
  }

  /// Lays a value where a larger one will have it as its part, `offset` floats after the beginning
  /// of each item. What lies in the caller's memory, or is part of something already, is copied; so
  /// is what the library's operations know in one piece and what would not be in one piece.
  func embed(_ place: Place, in slot: Int, at offset: Int) {
    var part = place.slot
    let isKnown =
      batch > 1
      && works.contains { work in
        if case .blocked = work.body { return false }
        return work.uses.contains { whole(of: $0.slot).slot == part }
      }
    if isKnown || part < program.inputs.count || wholes[part] != nil
      || slots[part] != place.layout.floats
    {
      part = newSlot(place.layout)
      wholes[part] = (slot, offset)
      copy(place, to: Place(slot: part, layout: place.layout))
    } else {
      wholes[part] = (slot, offset)
    }
  }

  /// A part of a place, `offset` floats after the beginning of each item; nil in the caller's
  /// memory, which is elsewhere at every run.
  func part(of place: Place, at offset: Int, _ layout: Layout) -> Place? {
    guard whole(of: place.slot).slot >= program.inputs.count else { return nil }
    let part = newSlot(layout)
    wholes[part] = (place.slot, offset)
    return Place(slot: part, layout: layout)
  }

  /// The items of a batch do not follow one another: they are parts of larger ones.
  func isScattered(_ slot: Int) -> Bool { batch > 1 && wholes[slot] != nil }

  /// The slot that a slot is part of in the end, itself where it is none, and where in there.
  func whole(of slot: Int) -> (slot: Int, offset: Int) {
    var found = (slot: slot, offset: 0)
    while let next = wholes[found.slot] { found = (next.slot, found.offset + next.offset) }
    return found
  }
}

// MARK: Work

extension OneDNNCompiler {
  func emit(_ operation: Operation, _ uses: [Use]) {
    scratchFloats = max(scratchFloats, operation.scratchFloats)
    works.append(
      Work(
        stage: stage(operation.name, isReorder: operation.kind == zoo_dnn_reorder),
        body: .operation(operation), uses: uses))
  }

  func emit(_ kernel: any BlockedKernel, _ uses: [Use]) {
    scratchFloats = max(scratchFloats, kernel.scratch)
    let stage = stage(kernel.name, isReorder: kernel is BlockedCopy)
    works.append(Work(stage: stage, body: .blocked(kernel), uses: uses))
  }

  /// Between places of one layout.
  private func copy(_ source: Place, to target: Place) {
    emit(
      BlockedCopy(floats: source.layout.floats / batch, batch: batch, threads: threads),
      [
        .init(role: zoo_dnn_source, slot: source.slot),
        .init(role: zoo_dnn_target, slot: target.slot),
      ])
  }

  /// What the work at hand is called.
  private func stage(_ kernel: String, isReorder: Bool = false) -> PlanStage {
    guard let step else {
      return PlanStage(step: "outputs", kind: "reorder", kernel: kernel, macs: 0)
    }
    return PlanStage(
      step: step.name, kind: isReorder ? "reorder" : step.layer.kind, kernel: kernel,
      macs: isReorder ? 0 : batch * program.macs(of: step))
  }

  /// The operation on these sources gives the step's output in a slot of its own.
  func emit(_ operation: Operation, _ sources: [Place], for step: Program.Step) throws {
    guard let layout = operation.layout(zoo_dnn_target) else {
      throw ZooError.failure("oneDNN gives no layout for \(step.name)")
    }
    let target = Place(slot: newSlot(layout), layout: layout)
    let uses = sources.enumerated().map { Use(role: zoo_dnn_source, index: $0, slot: $1.slot) }
    emit(operation, uses + [Use(role: zoo_dnn_target, slot: target.slot)])
    place(step.output, at: target)
  }

  func place(_ value: Program.Value, at place: Place) { places[value] = [place] }

  /// Gives an operation a constant, packed unless it lies as the operation wants it.
  func bind(
    _ tensor: Tensor, in plain: Layout, to role: zoo_dnn_role, of operation: Operation
  ) throws {
    guard let wanted = operation.layout(role), let values = TensorView(constant: tensor) else {
      throw ZooError.failure("oneDNN's \(operation.name) takes no such constant")
    }
    if wanted.equals(plain) {
      constants.tensors.append(tensor)
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
    constants.packed.append(block)
  }

  /// When every slot that is not an input, or part of another, is in use, and which slots those are.
  func claims() -> (claims: [Arena.Claim], slots: [Int]) {
    var lives: [Int: (first: Int, last: Int)] = [:]
    for (time, work) in works.enumerated() {
      for slot in work.uses.map({ whole(of: $0.slot).slot }) {
        lives[slot] = (lives[slot]?.first ?? time, time)
      }
    }
    for slot in outputs.map({ whole(of: $0).slot }) {
      lives[slot] = (lives[slot]?.first ?? 0, works.count)
    }
    let placed = lives.keys.filter { $0 >= program.inputs.count }.sorted()
    let claims = placed.compactMap { slot in
      lives[slot].map { Arena.Claim(count: slots[slot], first: $0.first, last: $0.last) }
    }
    return (claims, placed)
  }
}
