import ZooKit

extension TrainingPlan {
  /// The parameters of a network that learns in parts, and their gradients: nothing to run, but
  /// everything an optimiser needs.
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
  ///   - graph: with every parameter.
  ///   - weights: of all of it.
  ///   - batch: what ``batch`` says; how many pictures a step is made of.
  ///   - options: for the whole. What learns and what is frozen hold for its parts too.
  public convenience init(
    parametersOf graph: Graph, _ weights: Weights, batch: Int, options: Options = .init()
  ) throws {
    let flow = try GradientFlow(graph, options)
    self.init(
      flow, try LearnedParameters(weights, flow), batch: batch, runner: NothingToRun())
  }

  /// A part of the network whose parameters another plan has: a stretch of its graph, or of the same
  /// graph for pictures of another size. It has no parameter that the other lacks.
  /// - Parameters:
  ///   - graph: of the part.
  ///   - other: of the whole, or of another part.
  ///   - batch: of this part, which may count regions instead of pictures.
  ///   - options: for the part; only what the whole learns can learn here.
  ///   - engine: that computes it.
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

  /// Sets the gradients of all parameters to zero, before several backward passes are added up.
  public func forgetGradients() { parameters.gradients.values.update(repeating: 0) }

  /// A gradient arrives at this value when one is handed to the seeds: something before it learns.
  public func passesGradient(to name: String) throws -> Bool {
    flow.hasGradient[try graph.resolve(name)]
  }
}

/// Of a plan that holds parameters for others.
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
