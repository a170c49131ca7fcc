import COneDNN
import ZooKit

/// Runs the works of a compiled graph over one arena.
final class OneDNNTraining: TrainingRunner {
  private let graph: Graph
  private let frozen: FrozenPrefix
  private let engine: OneDNNEngine
  private let works: [TrainingCompiler.Work]
  private let forwardCount: Int
  private let inputSlots: [Int]
  private let frozenSlots: [Int]
  private let keptValues: [Int: TrainingCompiler.Place]
  private let keptGradients: [Int: TrainingCompiler.Place]
  private let seedSlots: [Int: Int]
  private let arena: Block
  /// The frozen prefix, compiled for inference when it is first wanted, and which of the
  /// graph's inputs it takes.
  private var prefix: (any Executable, inputs: [Int])?
  /// Of the run at hand.
  private var inputs: [TensorView] = []
  private var seeds: [Int: [Tensor]] = [:]

  // What works see while they run.

  let batch: Int
  let parameters: LearnedParameters
  /// The memory of every slot; of inputs since the latest run.
  private(set) var memory: [UnsafeMutablePointer<Float>]
  /// Memory that oneDNN's operations borrow while they run.
  let scratchpad: Block
  let scratch = Scratch()
  let threads: Int32
  private(set) var random = Random(seed: 0)
  private(set) var plainRule = Rule.plain
  private(set) var isAccumulating = false

  init(
    _ graph: Graph, _ walk: Walk, _ parameters: LearnedParameters, batch: Int,
    engine: OneDNNEngine
  ) throws {
    let compiler = try TrainingCompiler(
      graph, walk, parameters, batch: batch, winograd: engine.winograd)
    (self.graph, self.batch, self.parameters, self.engine) = (graph, batch, parameters, engine)
    (works, forwardCount) = (compiler.works, compiler.forwardCount)
    (inputSlots, frozenSlots) = (compiler.inputSlots, compiler.frozenSlots)
    (keptValues, keptGradients) = (compiler.keptValues, compiler.keptGradients)
    (seedSlots, frozen, threads) = (compiler.seedSlots, compiler.frozen, compiler.threads)

    var lives: [Int: (first: Int, last: Int)] = [:]
    for (time, work) in works.enumerated() {
      for slot in work.uses { lives[slot] = (lives[slot]?.first ?? time, time) }
    }
    for slot in compiler.lasting { lives[slot] = (lives[slot]?.first ?? 0, works.count) }
    let placed = lives.keys.filter { compiler.slots[$0] != nil }.sorted()
    let claims = placed.compactMap { slot in
      compiler.slots[slot].flatMap { count in
        lives[slot].map { Arena.Claim(count: count, first: $0.first, last: $0.last) }
      }
    }
    let plan = Arena(claims)
    let arena = try Block(plan.size)
    self.arena = arena
    memory = Array(repeating: arena.base, count: compiler.slots.count)
    for (slot, offset) in zip(placed, plan.offsets) { memory[slot] = arena.base + offset }
    scratchpad = try Block(compiler.scratchFloats)
  }

  var arenaBytes: Int { (arena.count + scratchpad.count) * 4 }

  /// The rule as the loops over maps know it.
  var rule: zoo_rule {
    switch plainRule {
    case .plain: zoo_rule_plain
    case .guided: zoo_rule_guided
    case .deconvnet: zoo_rule_deconvnet
    }
  }

  func forward(_ inputs: [TensorView], _ random: Random) throws {
    (self.inputs, self.random) = (inputs, random)
    for (slot, input) in zip(inputSlots, inputs) { memory[slot] = input.pointer }
    try run(works[..<forwardCount])
  }

  func backward(
    _ seeds: [Int: [Tensor]], _ random: Random, _ rule: Rule, accumulating: Bool
  ) throws {
    (self.seeds, self.random, plainRule, isAccumulating) = (seeds, random, rule, accumulating)
    defer { self.seeds = [:] }
    try run(works[forwardCount...])
  }

  private func run(_ works: ArraySlice<TrainingCompiler.Work>) throws {
    zoo_dnn_set_threads(threads)
    for work in works {
      if profile == nil {
        try work.run(self)
      } else {
        let start = ContinuousClock.now
        try work.run(self)
        profile?[work.name, default: .zero] += ContinuousClock.now - start
      }
    }
  }

  /// How long works of each name took together, where that is counted.
  var profile: [String: Duration]?

  func value(of operation: Int) -> TensorView? { view(keptValues[operation]) }
  func gradient(of operation: Int) -> TensorView? { view(keptGradients[operation]) }

  private func view(_ place: TrainingCompiler.Place?) -> TensorView? {
    place.map { TensorView($0.pointer(self), batch: batch, shape: $0.shape) }
  }

  func parametersWereReplaced() { prefix = nil }

  // MARK: Works of its own

  /// Computes the frozen prefix as inference does, norms folded and activations fused.
  func runFrozen() throws {
    let (executable, ports) = try prefix ?? compiledPrefix()
    prefix = (executable, ports)
    try executable.run(ports.map { UnsafePointer(inputs[$0].pointer) }) { views in
      for (slot, view) in zip(frozenSlots, views) {
        memory[slot].update(from: view.pointer, count: view.count)
      }
    }
    zoo_dnn_set_threads(threads)
  }

  private func compiledPrefix() throws -> (any Executable, inputs: [Int]) {
    let part = graph.cut(
      at: frozen.crossing.map { (name: graph.operations[$0].name, operation: $0) }
    ).before
    let program = try Program(part, try parameters.weights(of: part)).simplified()
    return (
      try engine.compile(program, batch: batch),
      part.inputs.compactMap { port in graph.inputs.firstIndex { $0.name == port.name } }
    )
  }

  /// What was handed over for every value that takes a gradient, zero where nothing was.
  func plantSeeds() {
    for (value, slot) in seedSlots {
      let count = batch * graph.operations[value].shape.count
      let target = memory[slot]
      target.update(repeating: 0, count: count)
      for seed in seeds[value] ?? [] {
        seed.withValues { for index in 0..<count { target[index] += $0[index] } }
      }
    }
  }
}
