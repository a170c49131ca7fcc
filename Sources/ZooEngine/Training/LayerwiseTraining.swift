import ZooKit

/// Runs a graph one operation after another on plain arrays, forward and backward.
final class LayerwiseTraining: TrainingRunner {
  private let graph: Graph
  private let batch: Int
  private let walk: Walk
  private let parameters: LearnedParameters
  private var steps: [Step]
  /// Where each value lies while it lives; inputs are filled in as they come.
  private var values: [TensorView?]
  /// Where the gradient of each value lies; nil is not computed.
  private let gradients: [TensorView?]
  private let scratch = Scratch()
  private let arena: Block

  /// One operation at work.
  private struct Step {
    let operation: Int
    let kernel: any TrainingKernel
    let output: TensorView
    var parameters: [TensorView]
    /// Nil where a parameter does not learn.
    let gradients: [TensorView?]
    let saved: [TensorView]
  }

  init(
    _ graph: Graph, _ walk: Walk, _ parameters: LearnedParameters, batch: Int, engine: some Engine
  ) throws {
    let lives = Lives(graph, walk, batch: batch)
    let plan = Arena(lives.claims)
    let arena = try Block(plan.size)

    func views(_ claims: [Int?]) -> [TensorView?] {
      zip(claims, graph.operations).map { claim, operation in
        claim.map {
          TensorView(arena.base + plan.offsets[$0], batch: batch, shape: operation.shape)
        }
      }
    }
    let values = views(lives.values)
    steps = try walk.forward.compactMap { index in
      guard let output = values[index] else { return nil }
      let operation = graph.operations[index]
      let inputs = operation.inputs.map { graph.operations[$0].shape }
      let saved = operation.layer.saved(inputs, batch: batch)
      return Step(
        operation: index,
        kernel: try engine.trainingKernel(for: operation, inputs: inputs, batch: batch)
          ?? LayerTrainingKernel(layer: operation.layer),
        output: output,
        parameters: try operation.parameters.map { try parameters.value(of: $0) },
        gradients: operation.parameters.map { parameters.gradient(of: $0) },
        saved: zip(lives.saved[index], saved).map {
          TensorView(arena.base + plan.offsets[$0], batch: 1, shape: $1)
        })
    }
    gradients = views(lives.gradients)
    self.values = values
    (self.graph, self.batch, self.walk, self.parameters) = (graph, batch, walk, parameters)
    self.arena = arena
  }

  var arenaBytes: Int { arena.count * 4 }

  func value(of operation: Int) -> TensorView? { values[operation] }
  func gradient(of operation: Int) -> TensorView? { gradients[operation] }

  func parametersWereReplaced() throws {
    for index in steps.indices {
      steps[index].parameters = try graph.operations[steps[index].operation].parameters.map {
        try parameters.value(of: $0)
      }
    }
  }

  func forward(_ inputs: [TensorView], _ random: Random) throws {
    for (port, view) in zip(graph.inputs, inputs) { values[port.operation] = view }
    for step in steps { try step.kernel.forward(pass(step, random)) }
  }

  func backward(
    _ seeds: [Int: [Tensor]], _ random: Random, _ rule: Rule, accumulating: Bool
  ) throws {
    if !accumulating { parameters.gradients.values.update(repeating: 0) }
    var arrived: Set<Int> = []
    /// The gradient of a value, zero before the first layer adds to it.
    func gradient(_ value: Int) -> TensorView? {
      guard let view = gradients[value] else { return nil }
      if arrived.insert(value).inserted { view.values.update(repeating: 0) }
      return view
    }
    func plant(in value: Int) {
      for seed in seeds[value] ?? [] {
        guard let target = gradient(value) else { continue }
        seed.withValues { seed in
          for index in seed.indices { target.pointer[index] += seed[index] }
        }
      }
    }
    for step in steps.reversed() {
      plant(in: step.operation)
      guard walk.runsBackward[step.operation], arrived.contains(step.operation),
        let output = gradients[step.operation]
      else { continue }
      try step.kernel.backward(
        pass(step, random),
        Gradients(
          output: output, inputs: graph.operations[step.operation].inputs.map(gradient),
          parameters: step.gradients, rule: rule))
    }
    for port in graph.inputs { plant(in: port.operation) }
    for value in walk.gradients.values { _ = gradient(value) }
  }

  private func pass(_ step: Step, _ random: Random) -> Pass {
    let operation = graph.operations[step.operation]
    return Pass(
      mode: walk.isTraining[step.operation] ? .training(random.key(operation.name)) : .inference,
      inputs: operation.inputs.compactMap { values[$0] }, parameters: step.parameters,
      output: step.output, saved: step.saved, scratch: scratch)
  }
}

/// An operation as its layer does it.
private struct LayerTrainingKernel: TrainingKernel {
  let layer: any Layer

  func forward(_ pass: Pass) throws { try layer.forward(pass) }

  func backward(_ pass: Pass, _ gradients: Gradients) throws {
    try layer.backward(pass, gradients)
  }
}
