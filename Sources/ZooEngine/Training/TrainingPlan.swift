import ZooKit

/// A graph compiled for training on batches of one size: forward, keeping the values that backward
/// needs, and backward from the gradients of any values.
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
/// A loss, the target of a saliency map and the gradient from a detector's second stage are all the
/// same here: gradients passed to ``backward(_:rule:accumulating:)``.
///
/// Not thread-safe.
public final class TrainingPlan {
  public var graph: Graph { flow.graph }
  public let batch: Int

  let flow: GradientFlow
  let parameters: LearnedParameters
  let runner: any TrainingRunner
  /// The inputs of the latest forward pass, which backward reads again.
  var inputs: [Tensor] = []
  /// The random numbers of a finished forward pass, so that backward draws the same ones.
  var random: Random?

  public convenience init(
    _ graph: Graph, _ weights: Weights, batch: Int, options: Options = .init(),
    engine: some Engine = LayerEngine()
  ) throws {
    let flow = try GradientFlow(graph, options)
    try self.init(flow, LearnedParameters(weights, flow), batch: batch, engine: engine)
  }

  /// The same network for batches of another size. Both plans share parameters, gradients and
  /// statistics.
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

  /// With the user's choice of engine.
  public convenience init(
    _ graph: Graph, _ weights: Weights, batch: Int, options: Options = .init(),
    engine: EngineChoice
  ) throws {
    try self.init(graph, weights, batch: batch, options: options, engine: engine.engine())
  }

  /// Replaces the weights that the plan was made from or has learned since.
  ///
  /// A resumed run continues with its existing plan. If a tensor is missing or does not fit,
  /// nothing changes. Plans that share parameters with this one see the new weights too.
  public func load(_ weights: Weights) throws {
    random = nil
    try parameters.load(weights)
  }

  /// Bytes of memory for values and their gradients, without the parameters.
  public var arenaBytes: Int { runner.arenaBytes }

  /// The contents of a plan's arena, without allocating one.
  package static func claims(_ graph: Graph, batch: Int, options: Options = .init()) throws
    -> [Arena.Claim]
  {
    let program = Program(try GradientFlow(graph, options))
    return try LayerTrainingCompiler(program, batch: batch).schedule.claims.claims
  }
}
