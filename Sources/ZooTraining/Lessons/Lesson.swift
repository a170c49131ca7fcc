import ZooEngine
import ZooKit
import ZooStore

/// The objective of a training, and how a batch becomes gradients.
///
/// An ``Objective`` compares outputs with targets; a ``DetectorLesson`` leaves the step to the
/// detector.
public protocol Lesson {
  /// The names of the terms that add up to the loss.
  var losses: [String] { get }

  /// Its kind and settings. A run can only be resumed with the same.
  var json: JSON { get }

  /// Compiles the network for training.
  func plan(for network: LearningNetwork) throws -> any LessonPlan
}

/// A network, and the parameters that currently learn.
public struct LearningNetwork {
  public let graph: Graph
  public let weights: Weights
  /// The items of a whole batch.
  public let batch: Int
  public let options: TrainingPlan.Options
  public let engine: any Engine
}

/// A lesson compiled for a network: turns batches into gradients.
public protocol LessonPlan: AnyObject {
  /// Holds the parameters that learn and their gradients.
  var plan: TrainingPlan { get }

  /// Whether the network begins with frozen layers, whose output can be computed once for every
  /// item if the data does not vary.
  var hasFrozenPrefix: Bool { get }

  /// The output of the frozen prefix.
  func features(of inputs: [String: Tensor]) throws -> [String: Tensor]

  /// The gradients of several batches as if they were one, with equal weight for each item.
  /// - Parameters:
  ///   - batches: each with its number of items.
  ///   - areFeatures: whether the inputs are outputs of the frozen prefix.
  ///   - random: the random numbers of this step.
  /// - Returns: the loss, and its terms in the order of ``Lesson/losses``.
  func gradients(
    of batches: [(batch: Batch, count: Int)], areFeatures: Bool, random: Random
  ) throws -> (loss: Double, parts: [Double])

  /// Why the latest gradients are not finite; nil if unknown.
  func causeOfOverflow() throws -> ZooError?

  /// Why these weights of the whole network give a number that is not finite in inference, for a
  /// picture of the latest batch; nil if they give none, or if it is unknown.
  func causeInInference(_ weights: Weights) throws -> ZooError?
}

extension LessonPlan {
  public var hasFrozenPrefix: Bool { false }
  public func features(of inputs: [String: Tensor]) throws -> [String: Tensor] { inputs }
  public func causeOfOverflow() throws -> ZooError? { nil }
  public func causeInInference(_ weights: Weights) throws -> ZooError? { nil }
}
