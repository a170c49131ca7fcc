import ZooEngine
import ZooKit

/// A network that learns: its plans, one for every size of batch, and its descent. It takes steps
/// and knows nothing of epochs or files.
///
/// What of the network is frozen at its beginning is no part of those plans: it runs as inference
/// does, and where the data does not vary, once for every item.
final class Learner {
  private let trainer: Trainer
  /// Of whole batches; the others share its parameters.
  private(set) var plan: TrainingPlan
  private var others: [Int: TrainingPlan] = [:]
  /// Of a detector, whose parameters are those of ``plan``.
  private var training: DetectorTraining.Running?
  private var epoch: Int
  private(set) var descent: Descent
  private var beginning: FrozenBeginning?
  /// What the beginning makes of every item, once that is computed.
  private var features: FeatureSource?
  /// Parameters that are in no plan.
  private var still: Weights

  struct Step {
    let loss: Double
    /// Of each term of the objective.
    let parts: [Double]
    let gradientNorm: Double
    let items: Int
  }

  /// - Parameter epoch: decides what is frozen.
  init(_ trainer: Trainer, _ weights: Weights, batch: Int, epoch: Int) throws {
    self.trainer = trainer
    self.epoch = epoch
    (plan, beginning, still, training) = try Learner.plan(
      trainer, weights, batch: batch, epoch: epoch)
    descent = try Descent(trainer.options.descent, for: plan, of: trainer.graph)
  }

  /// Goes on with what is frozen in another epoch.
  func thaw(epoch: Int) throws {
    let weights = try weights
    (others, features, beginning) = ([:], nil, nil)
    self.epoch = epoch
    (plan, beginning, still, training) = try Learner.plan(
      trainer, weights, batch: plan.batch, epoch: epoch)
    try descent.adopt(plan, of: trainer.graph)
  }

  private static func plan(
    _ trainer: Trainer, _ weights: Weights, batch: Int, epoch: Int
  ) throws -> (TrainingPlan, FrozenBeginning?, Weights, DetectorTraining.Running?) {
    // A detector divides its network by itself.
    let training = try trainer.detection?.running(
      trainer, weights, batch: batch, options(trainer, epoch))
    let beginning =
      training == nil
      ? try FrozenBeginning(
        trainer.graph, weights, options(trainer, epoch), batch: batch, engine: trainer.engine)
      : nil
    let plan =
      try training?.parts.whole
      ?? TrainingPlan(
        beginning?.rest ?? trainer.graph, weights, batch: batch,
        options: options(trainer, epoch, for: beginning?.rest), engine: trainer.engine)
    guard !plan.slots.isEmpty else {
      let frozen = trainer.options.freezing.names(at: epoch).joined(separator: ", ")
      throw ZooError.usage(
        "nothing learns"
          + (frozen.isEmpty ? ": the network has no parameters" : ": \(frozen) is frozen"))
    }
    var still = Weights()
    let planned = Set(plan.graph.parameters.map(\.name))
    for (name, tensor) in weights where !planned.contains(name) { still[name] = tensor }
    return (plan, beginning, still, training)
  }

  /// - Parameter rest: where only that part of the network is to be planned.
  private static func options(_ trainer: Trainer, _ epoch: Int, for rest: Graph? = nil) throws
    -> TrainingPlan.Options
  {
    var options = try trainer.options.freezing.options(trainer.graph, epoch: epoch)
    if let rest {
      let known = Set(rest.operations.lazy.filter { !$0.layer.isInput }.map(\.name))
      options.frozenNorms.removeAll { !known.contains($0) }
    }
    // A detector hands gradients to the outputs of its parts, and to what it likes between them.
    if trainer.detection == nil { options.seeds = trainer.objective.outputs }
    return options
  }

  private func plan(of size: Int) throws -> TrainingPlan {
    if size == plan.batch { return plan }
    if let other = others[size] { return other }
    let other = try TrainingPlan(sharing: plan, batch: size, engine: trainer.engine)
    others[size] = other
    return other
  }

  // MARK: Batches and weights

  /// Where the batches of ``step(_:rate:momentum:random:)`` come from.
  var source: any BatchSource { features ?? trainer.source }

  /// Computes what is frozen for every item, where it is the same in each epoch, and keeps it.
  /// - Parameter keeping: with the items that will be asked for.
  func prepare(_ keeping: @autoclosure () throws -> FeatureSource.Keeping) throws {
    guard features == nil, trainer.source.isFixed, let beginning else { return }
    features = try FeatureSource(
      trainer.source, through: "what is frozen", batch: plan.batch, keeping()
    ) { try beginning($0) }
  }

  /// The whole network as it has learned so far.
  var weights: Weights { get throws { whole(try plan.weights) } }

  /// The weights to judge and to keep: averages, where they are kept.
  var judged: Weights { get throws { whole(try descent.weights(plan)) } }

  private func whole(_ learned: Weights) -> Weights {
    var weights = Weights()
    for parameter in trainer.graph.parameters {
      weights[parameter.name] = learned[parameter.name] ?? still[parameter.name]
    }
    return weights
  }

  /// Puts back what the descent remembered.
  func restore(_ saved: SavedTraining, in origin: String) throws {
    try descent.restore(saved.array, ages: saved.state.ages, in: origin)
  }

  // MARK: Steps

  /// One step over one or more batches, as if they were one: each item has the same say.
  ///
  /// Nothing moves where a number is not finite; the error names the layer that made the first.
  func step(
    _ batches: [(batch: Batch, count: Int)], rate: Double, momentum: Double? = nil, random: Random
  ) throws -> Step {
    if let training {
      let step = try training.step(batches, random: random)
      let norm = descent.gradientNorm(plan)
      guard norm.isFinite else { throw badGradient() }
      try descent.step(plan, rate: rate, momentum: momentum, gradientNorm: norm)
      return Step(loss: step.loss, parts: step.parts, gradientNorm: norm, items: step.items)
    }
    let items = batches.reduce(0) { $0 + $1.count }
    var loss = 0.0
    var parts = trainer.objective.terms.map { _ in 0.0 }
    var taken: [(plan: TrainingPlan, inputs: [String: Tensor], random: Random)] = []
    for (index, (batch, count)) in batches.enumerated() {
      let plan = try plan(of: count)
      let key = random.key(index)
      var inputs = batch.inputs
      try inputs.checkFinite()
      if features == nil, let beginning { inputs = try beginning(inputs) }
      taken.append((plan, inputs, key))
      try plan.forward(inputs, random: key)
      let share = Double(count) / Double(items)
      let value = try trainer.objective(batch.targets, scale: share) { try plan.value($0) }
      guard value.total.isFinite else {
        throw try notFinite(plan, inputs, key) ?? ZooError.failure("the loss is \(value.total)")
      }
      try plan.backward(value.gradients, accumulating: index > 0)
      loss += share * value.total
      for (term, part) in value.parts.enumerated() { parts[term] += share * part }
    }
    let norm = descent.gradientNorm(plan)
    guard norm.isFinite else {
      let found = try taken.lazy.compactMap { [self] in try notFinite($0, $1, $2) }.first { _ in
        true
      }
      throw found ?? badGradient()
    }
    try descent.step(plan, rate: rate, momentum: momentum, gradientNorm: norm)
    return Step(loss: loss, parts: parts, gradientNorm: norm, items: items)
  }

  /// Runs the batch again with every value kept, and finds the first layer that gave something
  /// that is no finite number; nil where all of them did well.
  private func notFinite(
    _ plan: TrainingPlan, _ inputs: [String: Tensor], _ random: Random
  ) throws -> ZooError? {
    let weights = try plan.weights
    // Statistics are not asked: the batch that broke something has moved them already.
    for slot in plan.slots where weights[slot.parameter.name]?.isBroken ?? false {
      return .failure(
        "the parameter \(slot.parameter.name) is not finite: the learning rate may be too high")
    }
    let graph = plan.graph
    var options = try Learner.options(trainer, epoch, for: beginning?.rest)
    options.keeping = graph.operations.map(\.name)
    let witness = try TrainingPlan(
      graph, weights, batch: plan.batch, options: options, engine: trainer.engine)
    try witness.forward(inputs, random: random)
    for operation in graph.operations where try witness.value(operation.name).isBroken {
      return .failure(
        "the output of \(operation.name) (\(operation.layer.kind), \(operation.site)) is not finite: "
          + "the learning rate may be too high")
    }
    return nil
  }

  /// The gradient nearest to the output is the first on the way back.
  private func badGradient() -> ZooError {
    let name = plan.update { _, gradients in
      plan.slots.last { slot in !gradients[slot.range].allSatisfy(\.isFinite) }?.parameter.name
    }
    return .failure("the gradient of \(name ?? "a parameter") is not finite; nothing was updated")
  }
}
