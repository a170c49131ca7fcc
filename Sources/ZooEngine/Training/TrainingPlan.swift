import ZooKit

/// A graph compiled to learn from batches of one size: forward, keeping what backward needs,
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
  public var graph: Graph { flow.graph }
  public let batch: Int

  let flow: GradientFlow
  let parameters: LearnedParameters
  let runner: any TrainingRunner
  /// Of the latest forward pass; backward reads them again.
  var inputs: [Tensor] = []
  /// Of a forward pass that has ended, from which backward draws the same numbers.
  var random: Random?

  public convenience init(
    _ graph: Graph, _ weights: Weights, batch: Int, options: Options = .init(),
    engine: some Engine = LayerEngine()
  ) throws {
    let flow = try GradientFlow(graph, options)
    try self.init(flow, LearnedParameters(weights, flow), batch: batch, engine: engine)
  }

  /// The same network for batches of another size. Both plans have the very same parameters,
  /// gradients and statistics: what one learns the other knows.
  public convenience init(
    sharing other: TrainingPlan, batch: Int, engine: some Engine = LayerEngine()
  ) throws {
    try self.init(other.flow, other.parameters, batch: batch, engine: engine)
  }

  convenience init(
    _ flow: GradientFlow, _ parameters: LearnedParameters, batch: Int, engine: some Engine
  ) throws {
    guard batch > 0 else { throw ZooError.usage("a batch of \(batch) has no items") }
    self.init(
      flow, parameters, batch: batch,
      runner: try engine.trainingRunner(for: Program(flow), parameters, batch: batch))
  }

  init(
    _ flow: GradientFlow, _ parameters: LearnedParameters, batch: Int, runner: any TrainingRunner
  ) {
    self.runner = runner
    self.batch = batch
    self.flow = flow
    self.parameters = parameters
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

  /// Bytes of memory for values and their gradients; the parameters come on top.
  public var arenaBytes: Int { runner.arenaBytes }

  /// What a plan's arena would hold, without making one.
  package static func claims(_ graph: Graph, batch: Int, options: Options = .init()) throws
    -> [Arena.Claim]
  {
    let program = Program(try GradientFlow(graph, options))
    return try LayerTrainingCompiler(program, batch: batch).schedule.claims.claims
  }
}
