import ZooEngine
import ZooKit

/// A network in training: its compiled lesson and its optimiser. It takes steps and knows nothing
/// about epochs or files.
final class Learner {
  private let trainer: Trainer
  private var lesson: any LessonPlan
  private(set) var descent: Descent
  /// The output of the frozen prefix for every item, once it is computed.
  private var features: FeatureSource?
  /// Parameters that are in no plan.
  private var still: Weights

  struct Step {
    let loss: Double
    /// In the order of ``Lesson/losses``.
    let parts: [Double]
    let gradientNorm: Double
    let items: Int
  }

  /// - Parameter epoch: the epoch, which decides what is frozen.
  init(_ trainer: Trainer, _ weights: Weights, batch: Int, epoch: Int) throws {
    self.trainer = trainer
    (lesson, still) = try Learner.compiled(trainer, weights, batch: batch, epoch: epoch)
    descent = try Descent(trainer.options.descent, for: lesson.plan, of: trainer.graph)
  }

  /// Continues with what is frozen in another epoch.
  func thaw(epoch: Int) throws {
    let (weights, batch) = (try weights, plan.batch)
    features = nil
    (lesson, still) = try Learner.compiled(trainer, weights, batch: batch, epoch: epoch)
    try descent.adopt(plan, of: trainer.graph)
  }

  private static func compiled(
    _ trainer: Trainer, _ weights: Weights, batch: Int, epoch: Int
  ) throws -> (any LessonPlan, still: Weights) {
    let lesson = try trainer.lesson.plan(
      for: LearningNetwork(
        graph: trainer.graph, weights: weights, batch: batch,
        options: try trainer.options.freezing.options(trainer.graph, epoch: epoch),
        engine: trainer.engine))
    guard !lesson.plan.slots.isEmpty else {
      let frozen = trainer.options.freezing.names(at: epoch).joined(separator: ", ")
      throw ZooError.usage(
        "nothing learns"
          + (frozen.isEmpty ? ": the network has no parameters" : ": \(frozen) is frozen"))
    }
    var still = Weights()
    let planned = Set(lesson.plan.graph.parameters.map(\.name))
    for (name, tensor) in weights where !planned.contains(name) { still[name] = tensor }
    return (lesson, still)
  }

  /// The plan for whole batches.
  var plan: TrainingPlan { lesson.plan }

  // MARK: Batches and weights

  /// The source of the batches for ``step(_:rate:momentum:random:)``.
  var source: any BatchSource { features ?? trainer.source }

  /// Computes and caches the output of the frozen prefix for every item, if the data does not vary.
  /// - Parameter keeping: how features are stored, and for which items.
  func prepare(_ keeping: @autoclosure () throws -> FeatureSource.Keeping) throws {
    guard features == nil, trainer.source.isFixed, lesson.hasFrozenPrefix else { return }
    features = try FeatureSource(
      trainer.source, through: "what is frozen", batch: plan.batch, keeping()
    ) { try lesson.features(of: $0) }
  }

  /// The current weights of the whole network.
  var weights: Weights { get throws { whole(try plan.weights) } }

  /// The weights to evaluate and save: averages, if they are kept.
  var judged: Weights { get throws { whole(try descent.weights(plan)) } }

  private func whole(_ learned: Weights) -> Weights {
    var weights = Weights()
    for parameter in trainer.graph.parameters {
      weights[parameter.name] = learned[parameter.name] ?? still[parameter.name]
    }
    return weights
  }

  /// Adds the weights to their equal mean, as the `count`th of its terms.
  func collect(_ count: Int) throws { try descent.collect(plan, count: count) }

  /// Restores the optimiser's state.
  /// - Parameter collected: how many epochs the equal mean of the weights has.
  func restore(_ saved: SavedTraining, collected: Int, in origin: String) throws {
    try descent.restore(saved.array, ages: saved.state.ages, collected: collected, in: origin)
  }

  // MARK: Steps

  /// One step over one or more batches as if they were one, with equal weight for each item.
  ///
  /// Nothing is updated if a number is not finite, or if the loss is far above the first one; the
  /// error names the layer.
  /// - Parameter first: the loss of the run's first step; nil in that step.
  func step(
    _ batches: [(batch: Batch, count: Int)], rate: Double, momentum: Double? = nil,
    first: Double? = nil, random: Random
  ) throws -> Step {
    let found = try lesson.gradients(of: batches, areFeatures: features != nil, random: random)
    if let first, found.loss > max(1, first) * Learner.divergence {
      throw diverged(found.loss, first)
    }
    let norm = descent.gradientNorm(plan)
    guard norm.isFinite else { throw try lesson.causeOfOverflow() ?? badGradient() }
    try descent.step(plan, rate: rate, momentum: momentum, gradientNorm: norm)
    return Step(
      loss: found.loss, parts: found.parts, gradientNorm: norm,
      items: batches.reduce(0) { $0 + $1.count })
  }

  /// How far the loss may rise above the first one, or above 1 if that was less. Spikes of healthy
  /// runs are a thousandfold at most.
  private static let divergence = 1e6

  /// A rate that is too high makes the numbers of a layer grow without end.
  private func diverged(_ loss: Double, _ first: Double) -> ZooError {
    let largest = plan.update { values, _ in
      plan.slots.map { slot in
        (name: slot.parameter.name, size: values[slot.range].reduce(0) { max($0, abs($1)) })
      }.max { $0.size < $1.size }
    }
    let grown = largest.map { "; the parameter \($0.name) has grown to \($0.size)" } ?? ""
    return .failure(
      "the loss is \(Float(loss)), in the first step it was \(Float(first))\(grown): "
        + "the learning rate may be too high; nothing was updated")
  }

  /// Why judged weights give a number that is not finite, although no step did: in inference, norms
  /// use their running statistics. Nil if the latest batch gives finite numbers.
  func causeInInference(_ weights: Weights) throws -> ZooError? {
    try lesson.causeInInference(weights)
  }

  /// The gradient nearest to the output is the first in backward.
  private func badGradient() -> ZooError {
    let name = plan.update { _, gradients in
      plan.slots.last { slot in !gradients[slot.range].allSatisfy(\.isFinite) }?.parameter.name
    }
    return .failure("the gradient of \(name ?? "a parameter") is not finite; nothing was updated")
  }
}
