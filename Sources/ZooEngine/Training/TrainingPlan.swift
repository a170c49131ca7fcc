import ZooKit

/// A graph compiled to learn from batches of one size: forward, keeping what the way back needs,
/// and backward from the gradients of any of its values.
///
/// ```swift
/// let plan = try TrainingPlan(graph, weights, batch: 32)
/// try plan.forward(["image": pictures], random: Random(seed: 7).key(step))
/// let gradient = lossGradient(try plan.value("logits"), labels)
/// try plan.backward(["logits": gradient])
/// plan.update { values, gradients in
///   for i in values.indices { values[i] -= 0.01 * gradients[i] }
/// }
/// ```
/// A loss, the target of a saliency map and what a detector's second stage sends back are the same
/// thing here: gradients handed to ``backward(_:rule:accumulating:)``.
///
/// Not to be used by two threads at once.
public final class TrainingPlan {
  public let graph: Graph
  public let batch: Int

  let walk: Walk
  let parameters: LearnedParameters
  let steps: [Step]
  /// Where each value lies while it lives; inputs are filled in as they come.
  var values: [TensorView?]
  /// Where the gradient of each value lies; nil is not computed.
  let gradients: [TensorView?]
  /// Of the latest forward pass; the way back reads them again.
  var inputs: [Tensor] = []
  /// Of a forward pass that has ended, from which the way back draws the same numbers.
  var random: Random?
  let scratch = Scratch()
  private let arena: Block

  /// One operation at work.
  struct Step {
    let operation: Int
    let kernel: any TrainingKernel
    let output: TensorView
    let parameters: [TensorView]
    /// Nil where a parameter does not learn.
    let gradients: [TensorView?]
    let saved: [TensorView]
  }

  public convenience init(
    _ graph: Graph, _ weights: Weights, batch: Int, options: Options = .init(),
    engine: some Engine = LayerEngine()
  ) throws {
    let walk = try Walk(graph, options)
    try self.init(
      graph, walk, LearnedParameters(graph, weights, walk), batch: batch, engine: engine)
  }

  /// The same network for batches of another size. Both plans have the very same parameters,
  /// gradients and statistics: what one learns the other knows.
  public convenience init(
    sharing other: TrainingPlan, batch: Int, engine: some Engine = LayerEngine()
  ) throws {
    try self.init(other.graph, other.walk, other.parameters, batch: batch, engine: engine)
  }

  private init(
    _ graph: Graph, _ walk: Walk, _ parameters: LearnedParameters, batch: Int, engine: some Engine
  ) throws {
    guard batch > 0 else { throw ZooError.usage("a batch of \(batch) has no items") }
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
    self.graph = graph
    self.batch = batch
    self.walk = walk
    self.parameters = parameters
    self.arena = arena
  }

  /// Bytes of memory for values and their gradients; the parameters come on top.
  public var arenaBytes: Int { arena.count * 4 }

  /// What a plan's arena would hold, without making one.
  package static func claims(_ graph: Graph, batch: Int, options: Options = .init()) throws
    -> [Arena.Claim]
  {
    Lives(graph, try Walk(graph, options), batch: batch).claims
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
