import ZooKit

/// A detector that can be trained.
///
/// A step is the detector's own: it runs parts of its network forward, compares what comes out with
/// the truth, and sends gradients back, as far as they go through plain Swift in between. One that
/// is a single graph runs one part and decides nothing:
/// ```swift
/// func learn(from lesson: DetectionLesson, running network: some TrainingPartRunner) throws
///   -> [Double]
/// {
///   let whole = Graph.Part(from: ["image"], to: ["grid"])
///   let values = try network.forward(whole, ["image": lesson.pictures.tensor])
///   var (losses, gradient) = try compare(values["grid"], lesson.truths)
///   try gradient.scale(by: lesson.share)
///   _ = try network.backward(whole, ["grid": gradient])
///   return losses
/// }
/// ```
/// Who trains owns parameters, gradients, optimiser and schedule; see `Trainer` in ZooTraining.
public protocol TrainableDetector: Detector {
  /// What its losses are called, in the order of ``learn(from:running:)``. What is minimised is
  /// their sum, so any weights are in them.
  var losses: [String] { get }

  /// Stages that usually keep what the backbone has learned from other pictures, when a detector
  /// is tuned; none unless it says otherwise.
  var usuallyFrozen: [String] { get }

  /// Goes forward and back once: the gradients of the sum of the losses, times the lesson's share,
  /// are with the runner afterwards.
  /// - Returns: the losses by themselves, without the share.
  func learn(from lesson: DetectionLesson, running network: some TrainingPartRunner) throws
    -> [Double]

  /// The detector for boxes of other shapes than those it was designed for; itself where it has
  /// nothing to adapt.
  /// - Parameter shapes: width and height of every box of the training set, in pixels of the input.
  func adapted(to shapes: [SIMD2<Float>]) -> Self

  /// Numbers that a new head starts from, by parameter; what is not named starts as everywhere.
  func headStart(_ graph: Graph, random: Random) throws -> [String: Tensor]
}

extension TrainableDetector {
  public func adapted(to shapes: [SIMD2<Float>]) -> Self { self }
  public func headStart(_ graph: Graph, random: Random) throws -> [String: Tensor] { [:] }
  public var usuallyFrozen: [String] { [] }
}

/// What a detector should have found.
public struct TrueBox: Hashable, Sendable {
  /// In pixels of the batch.
  public var box: Box
  /// Into the classes that users name; background is not among them.
  public var classIndex: Int

  public init(_ box: Box, classIndex: Int) {
    self.box = box
    self.classIndex = classIndex
  }
}

/// A batch to learn from.
public struct DetectionLesson: Sendable {
  public let pictures: PictureBatch
  /// Of each picture, as much of it as is in view; a picture may have none.
  public let truths: [[TrueBox]]
  /// Of the gradients, not of the losses: a step over several batches gives each its share.
  public let share: Double
  /// Of this batch, for samplers.
  public let random: Random

  /// Cuts boxes at the borders of their pictures, and refuses those that no detector can learn
  /// from: a box that has no area there would be divided by.
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
              + "of class \(truth.classIndex) that covers nothing of its "
              + "\(picture.1.width)×\(picture.1.height) pixels")
        }
        return TrueBox(cut, classIndex: truth.classIndex)
      }
    }
    self.share = share
    self.random = random
  }
}

/// Runs stretches of a network forward and back. All of them have their parameters, and the
/// gradients of those, in common: what several ways back give is added up.
public protocol TrainingPartRunner {
  /// Every output of the part by its name, with the batch as the first axis. What the way back
  /// reads is kept until the part runs again.
  func forward(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> [String: Tensor]

  /// Takes gradients of the part's outputs back; an output without one has the gradient zero. Once
  /// for each way forward.
  /// - Returns: the gradients of the part's inputs by name: of those that are values of the network
  ///   itself, which are seeds for the part before, and not of pictures; nothing where nothing
  ///   before the part learns.
  func backward(_ part: Graph.Part, _ seeds: [String: Tensor]) throws -> [String: Tensor]
}
