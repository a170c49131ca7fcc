import ZooEngine
import ZooKit
import ZooStore

extension Objective: Lesson {
  public var losses: [String] {
    terms.map { "\($0.output).\($0.loss.json["kind"]?.string ?? "")" }
  }

  public func plan(for network: LearningNetwork) throws -> any LessonPlan {
    try ObjectivePlan(self, network)
  }
}

/// An objective's network in training: a plan for every batch size, all with the same parameters. A
/// frozen prefix is not part of these plans; it runs as in inference.
private final class ObjectivePlan: LessonPlan {
  private let objective: Objective
  private let engine: any Engine
  private let options: TrainingPlan.Options
  private let prefix: FrozenPrefix?
  /// The plan for whole batches.
  let plan: TrainingPlan
  private let others = PlanCache<Int, TrainingPlan>()
  /// The plans, inputs and random numbers of the latest step.
  private var taken: [(plan: TrainingPlan, inputs: [String: Tensor], random: Random)] = []

  init(_ objective: Objective, _ network: LearningNetwork) throws {
    (self.objective, engine) = (objective, network.engine)
    var options = network.options
    options.seeds = objective.outputs
    prefix = try FrozenPrefix(
      network.graph, network.weights, options, batch: network.batch, engine: engine)
    if let rest = prefix?.rest {
      let known = Set(rest.operations.lazy.filter { !$0.layer.isInput }.map(\.name))
      options.frozenNorms.removeAll { !known.contains($0) }
    }
    self.options = options
    plan = try TrainingPlan(
      prefix?.rest ?? network.graph, network.weights, batch: network.batch, options: options,
      engine: engine)
  }

  var hasFrozenPrefix: Bool { prefix != nil }

  func features(of inputs: [String: Tensor]) throws -> [String: Tensor] {
    try prefix?(inputs) ?? inputs
  }

  func gradients(
    of batches: [(batch: Batch, count: Int)], areFeatures: Bool, random: Random
  ) throws -> (loss: Double, parts: [Double]) {
    let items = batches.reduce(0) { $0 + $1.count }
    var loss = 0.0
    var parts = objective.terms.map { _ in 0.0 }
    taken = []
    for (index, (batch, count)) in batches.enumerated() {
      let plan = try plan(of: count)
      let key = random.key(index)
      try batch.inputs.checkFinite()
      let inputs = areFeatures ? batch.inputs : try features(of: batch.inputs)
      taken.append((plan, inputs, key))
      try plan.forward(inputs, random: key)
      let share = Double(count) / Double(items)
      let value = try objective(batch.targets, scale: share) { try plan.value($0) }
      guard value.total.isFinite else {
        throw try notFinite(plan, inputs, key) ?? ZooError.failure("the loss is \(value.total)")
      }
      try plan.backward(value.gradients, accumulating: index > 0)
      loss += share * value.total
      for (term, part) in value.parts.enumerated() { parts[term] += share * part }
    }
    return (loss, parts)
  }

  private func plan(of size: Int) throws -> TrainingPlan {
    if size == plan.batch { return plan }
    return try others.plan(for: size) {
      try TrainingPlan(sharing: plan, batch: size, engine: engine)
    }
  }

  func causeOfOverflow() throws -> ZooError? {
    for (plan, inputs, random) in taken {
      if let cause = try notFinite(plan, inputs, random) { return cause }
    }
    return nil
  }

  /// Runs one picture, because it is done after every epoch.
  func causeInInference(_ weights: Weights) throws -> ZooError? {
    guard let (plan, inputs, _) = taken.last,
      plan.graph.operations.contains(where: \.layer.dependsOnMode)
    else { return nil }
    let graph = plan.graph
    var own = Weights()
    for parameter in graph.parameters { own[parameter.name] = weights[parameter.name] }
    let picture = try inputs.mapValues { try $0.items(0..<1, paddedTo: 1) }
    func values(_ kept: [String]) throws -> [String: Tensor] {
      try InferencePlan(graph, own, batch: 1, keeping: kept, engine: engine).run(picture)
    }
    guard try values([]).values.contains(where: \.isBroken) else { return nil }
    let all = try values(graph.operations.map(\.name))
    guard let broken = graph.operations.first(where: { all[$0.name]?.isBroken ?? false }) else {
      return nil
    }
    return .failure(broken.isNotFinite + ", with the running statistics of its norms")
  }

  /// Runs the batch again with every value kept, and returns an error about the first layer whose
  /// output is not finite; nil if all are.
  private func notFinite(
    _ plan: TrainingPlan, _ inputs: [String: Tensor], _ random: Random
  ) throws -> ZooError? {
    let weights = try plan.weights
    // Running statistics are skipped, because the batch has already updated them.
    for slot in plan.slots where weights[slot.parameter.name]?.isBroken ?? false {
      return .failure(
        "the parameter \(slot.parameter.name) is not finite: the learning rate may be too high")
    }
    let graph = plan.graph
    var options = options
    options.keeping = graph.operations.map(\.name)
    let witness = try TrainingPlan(
      graph, weights, batch: plan.batch, options: options, engine: engine)
    try witness.forward(inputs, random: random)
    for operation in graph.operations where try witness.value(operation.name).isBroken {
      return .failure(operation.isNotFinite)
    }
    return nil
  }
}

extension Graph.Operation {
  fileprivate var isNotFinite: String {
    "the output of \(name) (\(layer.kind), \(site)) is not finite: the learning rate may be too high"
  }
}
