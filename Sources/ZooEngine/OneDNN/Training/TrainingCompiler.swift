import COneDNN
import ZooKit

/// Turns a graph into works on slots of memory, forward and then backward.
///
/// Maps lie in blocks of 16 channels from one operation to the next, in both directions. Each
/// operation that is compiled leaves behind what compiles its way back; those run in reverse, so
/// all works stand on one clock, and a slot lives from the first work that uses it to the last.
final class TrainingCompiler {
  /// One thing to do at a run.
  struct Work {
    let name: String
    /// Slots that must hold their numbers now.
    let uses: [Int]
    let run: (OneDNNTraining) throws -> Void
  }

  /// Where a value or a gradient lies, and how.
  struct Place {
    enum Form { case plain, blocks }
    let slot: Int
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

  let graph: Graph
  let walk: Walk
  let parameters: LearnedParameters
  let batch: Int
  let winograd: Bool
  /// The library divides work when it makes a kernel.
  let threads = Int32(Threads.count)
  let frozen: FrozenPrefix
  private(set) var works: [Work] = []
  /// How many of the works are forward.
  private(set) var forwardCount = 0
  /// The size of every slot in floats; nil is memory of the caller.
  private(set) var slots: [Int?] = []
  /// Slots to be read after all works.
  private(set) var lasting: Set<Int> = []
  private(set) var scratchFloats = 1
  /// Of inputs, in the order of the graph's, and of what a frozen prefix gives.
  private(set) var inputSlots: [Int] = []
  private(set) var frozenSlots: [Int] = []
  /// By operation: what users read, and hand over.
  private(set) var keptValues: [Int: Place] = [:]
  private(set) var keptGradients: [Int: Place] = [:]
  private(set) var seedSlots: [Int: Int] = [:]
  /// Of every value, the most natural place first.
  var places: [[Place]]
  var contributions: [[Contribution]]
  /// Compile the ways back of what has been compiled, in that order.
  private var waysBack: [() throws -> Void] = []
  /// Parameters that something has been given to already, in the order of a run.
  private var served: Set<String> = []
  /// Concatenations that begin a larger one; see `concatenation`.
  var wholes: [Int: Int] = [:]
  var wholeSlots: [Int: Int] = [:]

  init(
    _ graph: Graph, _ walk: Walk, _ parameters: LearnedParameters, batch: Int, winograd: Bool
  ) throws {
    (self.graph, self.walk, self.parameters) = (graph, walk, parameters)
    (self.batch, self.winograd) = (batch, winograd)
    frozen = FrozenPrefix(graph, walk)
    places = Array(repeating: [], count: graph.operations.count)
    contributions = Array(repeating: [], count: graph.operations.count)
    zoo_dnn_set_threads(threads)

    for port in graph.inputs {
      slots.append(nil)
      inputSlots.append(slots.count - 1)
      places[port.operation] = [place(slots.count - 1, graph.operations[port.operation].shape)]
    }
    for value in frozen.crossing {
      let place = newPlace(graph.operations[value].shape, .plain)
      frozenSlots.append(place.slot)
      places[value] = [place]
    }
    // The frozen prefix gives its values before anything else happens.
    if !frozenSlots.isEmpty {
      emit("frozen", frozenSlots) { try $0.runFrozen() }
    }
    wholes = concatenations()
    for group in groups() {
      if !(try compile(group)) {
        for operation in group { try compileLayer(operation) }
      }
    }
    for value in Set(walk.values.values).sorted() where !graph.operations[value].layer.isInput {
      let place = try self.place(of: value, .plain)
      keptValues[value] = place
      lasting.insert(place.slot)
    }
    forwardCount = works.count

    let seeded = Set(walk.seeds.values)
    for value in seeded.sorted() where walk.hasGradient[value] {
      let place = newPlace(graph.operations[value].shape, .plain)
      seedSlots[value] = place.slot
      contributions[value] = [.init(place: place, isOwned: true)]
    }
    emit("seeds", Array(seedSlots.values)) { $0.plantSeeds() }
    for wayBack in waysBack.reversed() { try wayBack() }
    for value in Set(walk.gradients.values).sorted() where keptGradients[value] == nil {
      try keepGradient(of: value)
    }
  }

  // MARK: Groups

  /// Operations that are computed together, in an order in which they can run: a norm or a
  /// convolution with the sum and the rectifier behind it.
  private func groups() -> [[Int]] {
    var readers: [Int: [Int]] = [:]
    for index in walk.forward where !frozen.isFrozen[index] {
      for input in graph.operations[index].inputs { readers[input, default: []].append(index) }
    }
    /// Statistics that several norms move are moved in the order of the graph.
    var uses: [String: Int] = [:]
    for operation in graph.operations {
      for parameter in operation.parameters { uses[parameter.name, default: 0] += 1 }
    }
    let asked = Set(walk.values.values).union(walk.gradients.values)
    /// The only one that ever looks at a value.
    func follower(_ index: Int) -> Int? {
      guard !asked.contains(index), let all = readers[index], all.count == 1 else { return nil }
      return all[0]
    }
    var led: [Int: [Int]] = [:]
    var taken: Set<Int> = []
    for index in walk.forward where !frozen.isFrozen[index] && !taken.contains(index) {
      let operation = graph.operations[index]
      var group = [index]
      if operation.layer is BatchNorm, operation.shape.rank == 3, let next = follower(index),
        graph.operations[next].layer is Add, graph.operations[next].inputs.count == 2,
        !taken.contains(next), operation.parameters.allSatisfy({ uses[$0.name] == 1 })
      {
        group.append(next)
      }
      let isLeader =
        operation.layer is BatchNorm && operation.shape.rank == 3
        || operation.layer is Convolution || operation.layer is Dense || operation.layer is Add
      if isLeader, let next = follower(group[group.count - 1]), !taken.contains(next),
        let function = graph.operations[next].layer as? Activation,
        function == .relu || operation.layer is BatchNorm && function.slope != nil
      {
        group.append(next)
      }
      taken.formUnion(group)
      led[group[group.count - 1]] = group
    }
    return led.keys.sorted().compactMap { led[$0] }
  }

  /// False where only its layers know how to compute it.
  private func compile(_ group: [Int]) throws -> Bool {
    let first = group[0]
    switch graph.operations[first].layer {
    case let layer as BatchNorm where graph.operations[first].shape.rank == 3:
      return try norm(layer, group)
    case let layer as Convolution: return try convolution(layer, group)
    case let layer as TransposedConvolution: return try transposedConvolution(layer, first)
    case let layer as Dense: return try dense(layer, group)
    case let layer where layer is MaxPool || layer is AveragePool || layer is AdaptivePool:
      return try pool(layer, first)
    case let layer as LocalResponseNorm: return try responseNorm(layer, first)
    case is Add: return try sum(group)
    case is Concatenate: return try concatenation(first)
    case let layer as Slice: return try slice(layer, first)
    case let layer as Pad: return try pad(layer, first)
    case let layer as Upsample: return try upsample(layer, first)
    case let layer where layer.isIdentity && !(layer.dependsOnMode && walk.isTraining[first]):
      return try identity(first)
    case let layer where layer.isElementwise: return try elementwise(layer, first)
    default: return false
    }
  }

  /// How to compile the way back of what was just compiled.
  func onTheWayBack(_ operation: Int, _ compile: @escaping () throws -> Void) {
    waysBack.append { [self] in
      if walk.gradients.values.contains(operation) { try keepGradient(of: operation) }
      guard walk.runsBackward[operation] else { return }
      try compile()
    }
  }

  // MARK: Works

  func emit(_ name: String, _ uses: [Int], _ run: @escaping (OneDNNTraining) throws -> Void) {
    works.append(Work(name: name, uses: uses, run: run))
  }

  func emit(_ name: String, _ kernel: Operation, _ arguments: [(zoo_dnn_role, Place)]) {
    needScratch(kernel.scratchFloats)
    let bound = arguments.map { (role: $0.0, slot: $0.1.slot, offset: $0.1.offset) }
    emit(name, bound.map(\.slot)) { run in
      try kernel.run(
        bound.map { ($0.role, run.memory[$0.slot] + $0.offset) }, scratch: run.scratchpad.base)
    }
  }

  func needScratch(_ floats: Int) { scratchFloats = max(scratchFloats, floats) }

  /// Users find the gradient of a value there.
  func keep(_ place: Place, _ value: Int) {
    keptGradients[value] = place
    lasting.insert(place.slot)
  }

  func newSlot(_ floats: Int) -> Int {
    slots.append(floats)
    return slots.count - 1
  }

  func newSlot(_ layout: Layout) -> Int { newSlot(layout.floats) }

  /// A parameter's gradient is there: in `run`'s hands at the moment, to be written or added.
  ///
  /// The first that gives to a parameter overwrites what the last step left, unless gradients
  /// accumulate over steps; all others add.
  func deliver(
    to parameter: Parameter, _ name: String, _ uses: [Int],
    _ write: @escaping (OneDNNTraining, UnsafeMutablePointer<Float>) throws -> Void
  ) {
    let isFirst = served.insert(parameter.name).inserted
    emit(name, uses) { run in
      guard let target = run.parameters.gradient(of: parameter) else { return }
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

extension LearnedParameters {
  func learns(_ parameter: Parameter) -> Bool { gradient(of: parameter) != nil }
}
