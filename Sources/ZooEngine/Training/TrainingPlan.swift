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
  let runner: any TrainingRunner
  /// Of the latest forward pass; the way back reads them again.
  var inputs: [Tensor] = []
  private var generation = 0
  /// Of a forward pass that has ended, from which the way back draws the same numbers.
  var random: Random?

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

  convenience init(
    _ graph: Graph, _ walk: Walk, _ parameters: LearnedParameters, batch: Int, engine: some Engine
  ) throws {
    guard batch > 0 else { throw ZooError.usage("a batch of \(batch) has no items") }
    let runner: any TrainingRunner =
      if let engine = engine as? OneDNNEngine {
        try OneDNNTraining(graph, walk, parameters, batch: batch, engine: engine)
      } else {
        try LayerwiseTraining(graph, walk, parameters, batch: batch, engine: engine)
      }
    self.init(graph, walk, parameters, batch: batch, runner: runner)
  }

  init(
    _ graph: Graph, _ walk: Walk, _ parameters: LearnedParameters, batch: Int,
    runner: any TrainingRunner
  ) {
    self.runner = runner
    self.graph = graph
    self.batch = batch
    self.walk = walk
    self.parameters = parameters
    generation = parameters.generation
  }

  /// With the engine that users choose.
  public convenience init(
    _ graph: Graph, _ weights: Weights, batch: Int, options: Options = .init(),
    engine: EngineChoice
  ) throws {
    try self.init(graph, weights, batch: batch, options: options, engine: engine.engine())
  }

  /// Other weights in place of those that the plan was made from, or has learned since.
  ///
  /// A run that is resumed goes on with the plan it has. Nothing changes where a tensor is missing
  /// or does not fit. Plans that share their parameters with this one see them too.
  public func load(_ weights: Weights) throws {
    random = nil
    try parameters.load(weights)
  }

  /// Follows parameters that this plan, or one that shares them, has replaced.
  func followParameters() throws {
    guard generation != parameters.generation else { return }
    try runner.parametersWereReplaced()
    generation = parameters.generation
  }

  /// Bytes of memory for values and their gradients; the parameters come on top.
  public var arenaBytes: Int { runner.arenaBytes }

  /// What a plan's arena would hold, without making one.
  package static func claims(_ graph: Graph, batch: Int, options: Options = .init()) throws
    -> [Arena.Claim]
  {
    Lives(graph, try Walk(graph, options), batch: batch).claims
  }
}
