import ZooKit

/// An object detector.
///
/// Its graph is ordinary data. The steps that depend on values are plain Swift in
/// ``detect(in:_:running:)``, which runs parts of the graph in turn and selects regions between
/// them. A one-stage detector runs one part and decodes it.
///
/// ```swift
/// func detect(in batch: PictureBatch, _ options: DetectionOptions, running network: some PartRunner)
///   throws -> [[Detection]]
/// {
///   let grid = try network.run(.init(from: ["image"], to: ["grid"]), ["image": batch.tensor])
///   return try decode(grid["grid"], batch.sizes, options)
/// }
/// ```
/// The conformance also registers the decoding: callers ask whether a variant is a `Detector`.
public protocol Detector: Architecture {
  /// The detections in each picture of a batch, the most confident first, in pixels of the batch.
  func detect(
    in batch: PictureBatch, _ options: DetectionOptions, running network: some PartRunner
  ) throws -> [[Detection]]
}

extension Detector {
  public var task: VisionTask { .detection }
  public var form: OutputForm { .parts }
}

/// A detected object: box, class and score.
public struct Detection: Hashable, Sendable {
  public var box: Box
  /// Index into the classes that users name, which do not include background.
  public var classIndex: Int
  public var score: Float

  public init(_ box: Box, classIndex: Int, score: Float) {
    self.box = box
    self.classIndex = classIndex
    self.score = score
  }
}

/// Which detections to return.
public struct DetectionOptions: Hashable, Sendable {
  /// Only scores above this.
  public var score: Float
  /// The largest overlap of two boxes of a class; above it they are one object.
  public var iou: Double
  /// The maximum number per picture, over all classes.
  public var limit: Int

  public init(score: Float = 0.05, iou: Double = 0.5, limit: Int = 100) {
    self.score = score
    self.iou = iou
    self.limit = limit
  }
}

/// Pictures of any size in one tensor: each in the top left corner, with zeros around it.
public struct PictureBatch: Sendable {
  /// N×C×H×W.
  public let tensor: Tensor
  /// The part of each item that is picture.
  public let sizes: [Window.Size]

  public init(_ tensor: Tensor, sizes: [Window.Size]) {
    self.tensor = tensor
    self.sizes = sizes
  }

  /// The size of an item, padding included.
  public var size: Window.Size { .init(tensor.shape[2], tensor.shape[3]) }
}

/// Runs parts of a network, for any batch and picture size.
public protocol PartRunner {
  /// Every output of the part by its name, with the batch as the first axis.
  func run(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> [String: Tensor]

  /// Reports a value between two parts, for callers who want to see everything.
  func note(_ name: String, _ value: Tensor)
}

extension PartRunner {
  public func note(_ name: String, _ value: Tensor) {}

  /// Like ``run(_:_:)``, but returns the outputs in the part's order.
  public func callAsFunction(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> [Tensor] {
    let values = try run(part, inputs)
    return try part.to.map { name in
      guard let value = values[name] else {
        throw ZooError.failure("the network has no output \(name)")
      }
      return value
    }
  }
}
