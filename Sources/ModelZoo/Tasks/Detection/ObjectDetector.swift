import ZooDetection
import ZooEngine
import ZooKit
import ZooVision

/// A detector for callers on any number of threads, which keeps the plans of a few picture sizes.
public final class ObjectDetector: Sendable {
  private let model: Model
  private let detector: any Detector
  let plans: PartPlans
  private let suppression: Suppression.Rule

  public convenience init(
    _ model: Model, engine: EngineChoice = .auto, precision: Precision = .fp32,
    suppression: Suppression.Rule = .hard
  ) throws {
    try self.init(
      model, engine: engine, precision: precision, suppression: suppression, callers: nil)
  }

  /// - Parameter callers: how many threads will detect at once, if that is known.
  convenience init(
    _ model: Model, engine: EngineChoice, precision: Precision, suppression: Suppression.Rule,
    callers: Int?
  ) throws {
    try self.init(
      model, PartPlans(model, engine: engine, precision: precision, callers: callers), suppression)
  }

  private init(_ model: Model, _ plans: PartPlans, _ suppression: Suppression.Rule = .hard) throws {
    try model.check(isFor: .detection)
    guard let detector = model.variant.architecture as? any Detector else {
      throw ZooError.usage("\(model.variant.name) is not a detector")
    }
    self.model = model
    self.detector = detector
    self.plans = plans
    self.suppression = suppression
  }

  public func detect(_ picture: Picture, _ options: DetectionOptions = .init()) throws
    -> [DetectedObject]
  {
    try detect([picture], options)[0]
  }

  /// Detects in each picture as if it were alone: pictures of equal size are one batch, others would be
  /// padded to a common size, which affects what is found at their borders.
  func detectEach(of pictures: [Picture], _ options: DetectionOptions) throws
    -> [[DetectedObject]]
  {
    let sizes = try pictures.map { try model.checkpoint.preprocessing.placement(of: $0.size).shown }
    if let first = sizes.first, sizes.allSatisfy({ $0.size == first.size }) {
      return try detect(pictures, options)
    }
    return try pictures.map { try detect($0, options) }
  }

  /// Detects in several pictures of any size, as one batch.
  public func detect(_ pictures: [Picture], _ options: DetectionOptions = .init()) throws
    -> [[DetectedObject]]
  {
    let (tensor, placements) = try model.checkpoint.preprocessing.padded(pictures)
    let batch = PictureBatch(tensor, sizes: placements.map(\.shown.size))
    return try zip(detect(in: batch, options), placements).map {
      found, placement in
      found.compactMap { detection in
        guard model.checkpoint.classes.indices.contains(detection.classIndex) else { return nil }
        return DetectedObject(
          name: model.checkpoint.classes[detection.classIndex], index: detection.classIndex,
          score: detection.score,
          box: placement.pictureBox(detection.box).clipped(to: placement.picture))
      }
    }
  }

  /// Detects in preprocessed pictures; boxes are in pixels of the batch.
  public func detect(in batch: PictureBatch, _ options: DetectionOptions = .init()) throws
    -> [[Detection]]
  {
    if suppression == .hard { return try detector.detect(in: batch, options, running: plans) }
    // No two boxes overlap by more than 1, so the detector returns every candidate.
    let every = DetectionOptions(score: options.score, iou: 1, limit: .max)
    return try detector.detect(in: batch, every, running: plans).map {
      $0.softened(above: options.score, limit: options.limit)
    }
  }

  /// Where a box comes from that ``detect(in:_:)`` found in a batch of one picture; nil if the detector
  /// cannot tell.
  func origin(of box: Detection, in batch: PictureBatch) throws -> BoxOrigin? {
    try (detector as? any TraceableDetector)?.origin(of: box, in: batch, running: plans)
  }

  /// Every value passed between the parts of the network for a batch of inputs, by name.
  static func trace(
    _ model: Model, _ batch: Tensor, keeping: [String], engine: EngineChoice, precision: Precision
  ) throws -> [String: Tensor] {
    let plans = PartPlans(
      model, engine: engine, precision: precision, keeping: keeping, tracing: true)
    let size = Window.Size(batch.shape[2], batch.shape[3])
    let pictures = PictureBatch(
      batch, sizes: Array(repeating: size, count: batch.shape[0]))
    _ = try ObjectDetector(model, plans).detect(in: pictures)
    let trace = plans.trace ?? [:]
    for name in keeping where trace[name] == nil {
      // Throws if there is no such value; otherwise no region has reached it.
      _ = try model.graph.part(.init(from: model.graph.inputs.map(\.name), to: [name]))
      throw ZooError.failure("\(name) has no value: no region was proposed")
    }
    return trace
  }
}

extension Region {
  fileprivate var size: Window.Size { .init(height, width) }
}

extension Placement {
  /// Maps a box of the input to the picture.
  public func pictureBox(_ box: Box) -> Box {
    let (x0, y0) = pictureCoordinates(x: Double(box.x0), y: Double(box.y0))
    let (x1, y1) = pictureCoordinates(x: Double(box.x1), y: Double(box.y1))
    return Box(Float(x0), Float(y0), Float(x1), Float(y1))
  }
}
