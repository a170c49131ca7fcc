import ZooKit

extension TrainingPlan {
  /// The parameters and gradients of a network that trains in parts: there is nothing to run, but
  /// everything that an optimiser needs.
  ///
  /// ```swift
  /// let whole = try TrainingPlan(parametersOf: detector, weights, batch: 2)
  /// let first = try TrainingPlan(of: detector.part(proposing), sharing: whole, batch: 2)
  /// let second = try TrainingPlan(of: detector.part(looking), sharing: whole, batch: 512)
  /// whole.forgetGradients()
  /// try second.backward(["scores": gradient], accumulating: true)
  /// try first.backward(["maps": seed], accumulating: true)
  /// ```
  /// - Parameters:
  ///   - graph: the graph with every parameter.
  ///   - weights: the weights of the whole graph.
  ///   - batch: the value of ``batch``, the number of pictures in a step.
  ///   - options: options of the whole, which also decide what learns and what is frozen in its
  ///     parts.
  public convenience init(
    parametersOf graph: Graph, _ weights: Weights, batch: Int, options: Options = .init()
  ) throws {
    let flow = try GradientFlow(graph, options)
    self.init(
      flow, try LearnedParameters(weights, flow), batch: batch, runner: NothingToRun())
  }

  /// A part of the network that shares another plan's parameters: a stretch of its graph, or of the
  /// same graph for another picture size. It may have no other parameters.
  /// - Parameters:
  ///   - graph: the graph of the part.
  ///   - other: the plan of the whole, or of another part.
  ///   - batch: the batch size of this part, which may count regions instead of pictures.
  ///   - options: options of the part; only parameters that learn in the whole can learn here.
  ///   - engine: the engine.
  public convenience init(
    of graph: Graph, sharing other: TrainingPlan, batch: Int, options: Options = .init(),
    engine: some Engine = LayerEngine()
  ) throws {
    let parameters = other.parameters
    let learned = Set(parameters.slots.map(\.parameter.name))
    var options = options
    let isTrainable = options.trainable
    options.trainable = { isTrainable($0) && learned.contains($0.name) }
    try self.init(
      GradientFlow(graph, options), parameters, batch: batch, engine: engine)
  }

  /// Sets the gradients of all parameters to zero, before several backward passes are summed.
  public func forgetGradients() { parameters.gradients.values.update(repeating: 0) }

  /// Whether this value can receive a gradient, because something before it learns.
  public func passesGradient(to name: String) throws -> Bool {
    flow.hasGradient[try graph.resolve(name)]
  }
}

/// The runner of a plan that only holds parameters for others.
private final class NothingToRun: TrainingRunner {
  var stages: [PlanStage] { [] }
  var clock: StageClock?
  var arenaBytes: Int { 0 }
  func forward(_ inputs: [UnsafePointer<Float>], _ random: Random) throws { throw refusal }
  func backward(
    _ seeds: [Int: [Tensor]], _ random: Random, _ rule: Rule, accumulating: Bool
  ) throws { throw refusal }
  func value(of value: Int) -> TensorView? { nil }
  func gradient(of value: Int) -> TensorView? { nil }

  private var refusal: ZooError { .failure("the network runs in parts, not as a whole") }
}
