import ZooEngine
import ZooKit

/// A network in training: its compiled lesson and its optimiser. It takes steps and knows nothing of
/// epochs or files.
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

  /// - Parameter epoch: decides what is frozen.
  init(_ trainer: Trainer, _ weights: Weights, batch: Int, epoch: Int) throws {
    self.trainer = trainer
    (lesson, still) = try Learner.compiled(trainer, weights, batch: batch, epoch: epoch)
    descent = try Descent(trainer.options.descent, for: lesson.plan, of: trainer.graph)
  }

  /// Goes on with what is frozen in another epoch.
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

  /// Of whole batches.
  var plan: TrainingPlan { lesson.plan }

  // MARK: Batches and weights

  /// Where the batches of ``step(_:rate:momentum:random:)`` come from.
  var source: any BatchSource { features ?? trainer.source }

  /// Computes what is frozen for every item, where it is the same in each epoch, and keeps it.
  /// - Parameter keeping: with the items that will be asked for.
  func prepare(_ keeping: @autoclosure () throws -> FeatureSource.Keeping) throws {
    guard features == nil, trainer.source.isFixed, lesson.hasFrozenPrefix else { return }
    features = try FeatureSource(
      trainer.source, through: "what is frozen", batch: plan.batch, keeping()
    ) { try lesson.features(of: $0) }
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
    let found = try lesson.gradients(of: batches, areFeatures: features != nil, random: random)
    let norm = descent.gradientNorm(plan)
    guard norm.isFinite else { throw try lesson.causeOfOverflow() ?? badGradient() }
    try descent.step(plan, rate: rate, momentum: momentum, gradientNorm: norm)
    return Step(
      loss: found.loss, parts: found.parts, gradientNorm: norm,
      items: batches.reduce(0) { $0 + $1.count })
  }

  /// The gradient nearest to the output is the first on the way back.
  private func badGradient() -> ZooError {
    let name = plan.update { _, gradients in
      plan.slots.last { slot in !gradients[slot.range].allSatisfy(\.isFinite) }?.parameter.name
    }
    return .failure("the gradient of \(name ?? "a parameter") is not finite; nothing was updated")
  }
}
