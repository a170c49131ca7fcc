import ZooKit

/// A detector that can be trained.
///
/// The detector implements a training step: it runs parts of its network forward, compares the
/// outputs with the ground truth, and sends gradients back, also through the plain Swift in
/// between. A detector with a single graph runs one part:
/// ```swift
/// func learn(from batch: DetectionBatch, running network: some TrainingPartRunner) throws
///   -> [Double]
/// {
///   let whole = Graph.Part(from: ["image"], to: ["grid"])
///   let values = try network.forward(whole, ["image": batch.pictures.tensor])
///   var (losses, gradient) = try compare(values["grid"], batch.truths)
///   try gradient.scale(by: batch.share)
///   _ = try network.backward(whole, ["grid": gradient])
///   return losses
/// }
/// ```
/// The trainer owns parameters, gradients, optimiser and schedule; see `Trainer` in ZooTraining.
public protocol TrainableDetector: Detector {
  /// The names of its losses, in the order of ``learn(from:running:)``. Their sum is minimised, so
  /// they include any weights.
  var losses: [String] { get }

  /// Stages that are usually frozen when the detector is fine-tuned, to keep what the backbone has
  /// learned; by default none.
  var usuallyFrozen: [String] { get }

  /// The batch and, for Adam and its kin, the highest learning rate of a usual training.
  var usualBatch: Int { get }
  var usualRate: Double { get }

  /// Runs forward and backward once. Afterwards the runner holds the gradients of the sum of the
  /// losses, times the batch's share.
  /// - Returns: the losses, without the share.
  func learn(from batch: DetectionBatch, running network: some TrainingPartRunner) throws
    -> [Double]

  /// The detector for boxes of other shapes than it was designed for, or itself if it cannot adapt.
  /// - Parameter shapes: width and height of every box of the training set, in pixels of the input.
  func adapted(to shapes: [SIMD2<Float>]) -> Self

  /// The detector with other weights for the examples of its classification, or nil if its loss has
  /// no place for them.
  func emphasizing(_ emphasis: ClassEmphasis) -> Self?

  /// Initial values of a new head, by parameter; parameters that are not named are initialised as
  /// usual.
  func headStart(_ graph: Graph, random: Random) throws -> [String: Tensor]
}

extension TrainableDetector {
  public func adapted(to shapes: [SIMD2<Float>]) -> Self { self }
  public func emphasizing(_ emphasis: ClassEmphasis) -> Self? { nil }
  public func headStart(_ graph: Graph, random: Random) throws -> [String: Tensor] { [:] }
  public var usuallyFrozen: [String] { [] }
  public var usualBatch: Int { 8 }
  public var usualRate: Double { 1e-3 }
}

/// A ground-truth box.
public struct TrueBox: Hashable, Sendable {
  /// In pixels of the batch.
  public var box: Box
  /// Index into the classes that users name, which do not include background.
  public var classIndex: Int

  public init(_ box: Box, classIndex: Int) {
    self.box = box
    self.classIndex = classIndex
  }
}

/// A training batch.
public struct DetectionBatch: Sendable {
  public let pictures: PictureBatch
  /// The visible part of the boxes of each picture; a picture may have none.
  public let truths: [[TrueBox]]
  /// The factor of the gradients, not of the losses: a step over several batches gives each its
  /// share.
  public let share: Double
  /// The random numbers of this batch, for samplers.
  public let random: Random

  /// Clips boxes to their pictures, and rejects those that are empty there, because the loss would
  /// divide by their area.
  public init(
    _ pictures: PictureBatch, _ truths: [[TrueBox]], share: Double = 1,
    random: Random = Random(seed: 0)
  ) throws {
    guard truths.count == pictures.sizes.count, truths.count == pictures.tensor.shape[0] else {
      throw ZooError.failure(
        "\(truths.count) lists of boxes for \(pictures.tensor.shape[0]) pictures")
    }
    self.pictures = pictures
    self.truths = try zip(truths, pictures.sizes).enumerated().map { index, picture in
      try picture.0.map { truth in
        let cut = truth.box.clipped(to: picture.1)
        guard truth.box.isFinite, cut.width > 0, cut.height > 0, truth.classIndex >= 0 else {
          let box = truth.box
          throw ZooError.corrupt(
            "picture \(index) of the batch has a box (\(box.x0), \(box.y0), \(box.x1), \(box.y1)) "
              + "of class \(truth.classIndex) that lies outside its "
              + "\(picture.1.width)×\(picture.1.height) pixels")
        }
        return TrueBox(cut, classIndex: truth.classIndex)
      }
    }
    self.share = share
    self.random = random
  }
}

/// Runs parts of a network forward and backward. All parts share parameters and gradients, and the
/// gradients of several backward passes are summed.
public protocol TrainingPartRunner {
  /// Every output of the part by its name, with the batch as the first axis. Values that backward
  /// reads are kept until the part runs again.
  func forward(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> [String: Tensor]

  /// Propagates gradients of the part's outputs; an output without one has the gradient zero. Call
  /// it once per forward.
  /// - Returns: the gradients, by name, of the inputs that are values of the network, which are
  ///   seeds for the part before; none for pictures, and none if nothing before the part learns.
  func backward(_ part: Graph.Part, _ seeds: [String: Tensor]) throws -> [String: Tensor]
}
