import ZooEngine
import ZooKit

/// A network that learns: its plans, one for every size of batch, and its descent. It takes steps
/// and knows nothing of epochs or files.
final class Learner {
  private let trainer: Trainer
  /// Of whole batches; the others share its parameters.
  private(set) var plan: TrainingPlan
  private var others: [Int: TrainingPlan] = [:]
  /// Of a detector, whose parameters are those of ``plan``.
  private var training: DetectorTraining.Running?
  private var epoch: Int
  var descent: Descent

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
    (plan, training) = try Learner.plan(trainer, weights, batch: batch, epoch: epoch)
    descent = try Descent(trainer.options.descent, for: plan)
  }

  /// Goes on with what is frozen in another epoch.
  func thaw(epoch: Int) throws {
    let weights = try plan.weights
    others = [:]
    self.epoch = epoch
    (plan, training) = try Learner.plan(trainer, weights, batch: plan.batch, epoch: epoch)
    try descent.adopt(plan)
  }

  private static func plan(
    _ trainer: Trainer, _ weights: Weights, batch: Int, epoch: Int
  ) throws -> (TrainingPlan, DetectorTraining.Running?) {
    var options = try trainer.options.freezing.options(trainer.graph, epoch: epoch)
    let training = try trainer.detection?.running(trainer, weights, batch: batch, options)
    options.seeds = trainer.objective.outputs
    let plan =
      try training?.parts.whole
      ?? TrainingPlan(
        trainer.graph, weights, batch: batch, options: options, engine: trainer.engine)
    guard !plan.slots.isEmpty else {
      let frozen = trainer.options.freezing.names(at: epoch).joined(separator: ", ")
      throw ZooError.usage(
        "nothing learns"
          + (frozen.isEmpty ? ": the network has no parameters" : ": \(frozen) is frozen"))
    }
    return (plan, training)
  }

  private func plan(of size: Int) throws -> TrainingPlan {
    if size == plan.batch { return plan }
    if let other = others[size] { return other }
    let other = try TrainingPlan(sharing: plan, batch: size, engine: trainer.engine)
    others[size] = other
    return other
  }

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
    for (index, (batch, count)) in batches.enumerated() {
      let plan = try plan(of: count)
      let key = random.key(index)
      try plan.forward(batch.inputs, random: key)
      let share = Double(count) / Double(items)
      let value = try trainer.objective(batch.targets, scale: share) { try plan.value($0) }
      guard value.total.isFinite else {
        throw try notFinite(plan, batch, key) ?? ZooError.failure("the loss is \(value.total)")
      }
      try plan.backward(value.gradients, accumulating: index > 0)
      loss += share * value.total
      for (term, part) in value.parts.enumerated() { parts[term] += share * part }
    }
    let norm = descent.gradientNorm(plan)
    guard norm.isFinite else {
      let found = try batches.enumerated().lazy.compactMap { [self] index, part in
        try notFinite(plan(of: part.count), part.batch, random.key(index))
      }.first { _ in true }
      throw found ?? badGradient()
    }
    try descent.step(plan, rate: rate, momentum: momentum, gradientNorm: norm)
    return Step(loss: loss, parts: parts, gradientNorm: norm, items: items)
  }

  /// Runs the batch again with every value kept, and finds the first layer that gave something
  /// that is no finite number; nil where all of them did well.
  private func notFinite(_ plan: TrainingPlan, _ batch: Batch, _ random: Random) throws -> ZooError?
  {
    func isBroken(_ tensor: Tensor) -> Bool { tensor.withValues { !$0.allSatisfy(\.isFinite) } }
    for (name, tensor) in batch.inputs.sorted(by: { $0.key < $1.key }) where isBroken(tensor) {
      return .failure("the data has a number that is not finite in the input \(name)")
    }
    let weights = try plan.weights
    // Statistics are not asked: the batch that broke something has moved them already.
    for slot in plan.slots where weights[slot.parameter.name].map(isBroken) ?? false {
      return .failure(
        "the parameter \(slot.parameter.name) is not finite: the learning rate may be too high")
    }
    let graph = trainer.graph
    var options = try trainer.options.freezing.options(graph, epoch: epoch)
    options.seeds = trainer.objective.outputs
    options.keeping = graph.operations.map(\.name)
    let witness = try TrainingPlan(
      graph, weights, batch: plan.batch, options: options, engine: trainer.engine)
    try witness.forward(batch.inputs, random: random)
    for operation in graph.operations where isBroken(try witness.value(operation.name)) {
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
