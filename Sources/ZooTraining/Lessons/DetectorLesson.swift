import ZooDetection
import ZooEngine
import ZooKit
import ZooStore

/// The lesson of a detector, which runs parts of its network, computes its own losses, and sends
/// gradients back.
///
/// ```swift
/// let lesson = DetectorLesson(detector) { try variant.graph(head: .original(classes: 3), input: $0) }
/// let trainer = Trainer(graph, weights, pictures, lesson: lesson, options: options)
/// ```
/// The batches need boxes; see ``Batch/init(_:boxes:input:)``.
public struct DetectorLesson: Lesson {
  private let detector: any TrainableDetector
  private let emphasis: ClassEmphasis
  private let memory: Int
  private let network: (Shape) throws -> Graph

  /// - Parameters:
  ///   - detector: the detector that built the network.
  ///   - emphasis: what counts more in its classification.
  ///   - memory: bytes for the cached outputs of a frozen prefix, by picture; 0 caches nothing.
  ///   - network: the same network for pictures of another shape.
  public init(
    _ detector: any TrainableDetector, emphasis: ClassEmphasis = .init(), memory: Int = 0,
    network: @escaping (Shape) throws -> Graph
  ) throws {
    let plain = emphasis == ClassEmphasis()
    guard let detector = plain ? detector : detector.emphasizing(emphasis) else {
      throw ZooError.usage(
        "the loss of \(type(of: detector).name) takes no weights of classes and no focal loss here")
    }
    self.detector = detector
    self.emphasis = emphasis
    self.memory = memory
    self.network = network
  }

  public var losses: [String] { detector.losses }

  public var json: JSON {
    var members: [(key: String, value: JSON)] = [
      ("detector", JSON(type(of: detector).name)), ("losses", JSON(losses.map { JSON($0) })),
    ]
    if emphasis != ClassEmphasis() { members.append(("emphasis", emphasis.json)) }
    return JSON(.object(members))
  }

  public func plan(for network: LearningNetwork) throws -> any LessonPlan {
    DetectorPlan(
      detector, input: network.graph.inputs[0].name,
      try TrainingParts(
        network.graph, network.weights, batch: network.batch, options: network.options,
        engine: network.engine, memory: memory > 0 ? FeatureMemory(limit: memory) : nil,
        network: self.network))
  }
}

extension ClassEmphasis {
  fileprivate var json: JSON {
    [
      "weights": JSON(weights), "focalGamma": JSON(focalGamma),
      "focalAlpha": focalAlpha.map { JSON($0) } ?? nil,
    ]
  }
}

private final class DetectorPlan: LessonPlan {
  private let detector: any TrainableDetector
  private let input: String
  private let parts: TrainingParts

  init(_ detector: any TrainableDetector, input: String, _ parts: TrainingParts) {
    self.detector = detector
    self.input = input
    self.parts = parts
  }

  var plan: TrainingPlan { parts.whole }

  func gradients(
    of batches: [(batch: Batch, count: Int)], areFeatures: Bool, random: Random
  ) throws -> (loss: Double, parts: [Double]) {
    let items = batches.reduce(0) { $0 + $1.count }
    var sums = detector.losses.map { _ in 0.0 }
    parts.whole.forgetGradients()
    for (index, (batch, count)) in batches.enumerated() {
      guard let tensor = batch.inputs[input] else {
        throw ZooError.failure("the batch has no input \(input)")
      }
      let key = random.key(index)
      let share = Double(count) / Double(items)
      let sizes =
        batch.sizes.isEmpty
        ? Array(repeating: Window.Size(tensor.shape[2], tensor.shape[3]), count: tensor.shape[0])
        : batch.sizes
      parts.random = key
      let losses = try detector.learn(
        from: DetectionBatch(
          PictureBatch(tensor, sizes: sizes), batch.boxes, share: share,
          random: key.key("samples")), running: parts)
      for (place, value) in losses.enumerated() {
        guard value.isFinite else { throw notFinite(detector.losses[place], value, tensor) }
        sums[place] += share * value
      }
    }
    return (sums.reduce(0, +), sums)
  }

  /// Nothing has been updated yet; names the nearest cause.
  private func notFinite(_ loss: String, _ value: Double, _ pictures: Tensor) -> ZooError {
    if pictures.isBroken {
      return .failure("the data has a number that is not finite in the input \(input)")
    }
    let broken = plan.update { values, _ in
      plan.slots.first { !values[$0.range].allSatisfy(\.isFinite) }?.parameter.name
    }
    return .failure(
      broken.map { "the parameter \($0) is not finite: the learning rate may be too high" }
        ?? "the loss \(loss) is \(value)")
  }
}
