import ZooKit

/// A network that finds things in pictures.
///
/// Its graph is data like any other; what cannot be a graph, because it depends on the numbers, is
/// plain Swift in ``detect(in:_:running:)``: it runs parts of the graph in turn and decides between
/// them. A detector in one stage runs one part and decodes it.
///
/// ```swift
/// func detect(in batch: PictureBatch, _ options: DetectionOptions, running network: some PartRunner)
///   throws -> [[Detection]]
/// {
///   let grid = try network.run(.init(from: ["image"], to: ["grid"]), ["image": batch.tensor])
///   return try decode(grid["grid"], batch.sizes, options)
/// }
/// ```
/// Conforming registers the decoding too: who has the variant asks whether it is a `Detector`.
public protocol Detector: Architecture {
  /// What becomes of pictures where no checkpoint says it; nil is the way of most.
  var preprocessing: Preprocessing? { get }

  /// What is found in each picture of a batch, the surest first, in pixels of the batch.
  func detect(
    in batch: PictureBatch, _ options: DetectionOptions, running network: some PartRunner
  ) throws -> [[Detection]]
}

extension Detector {
  public var task: VisionTask { .detection }
  public var preprocessing: Preprocessing? { nil }
}

/// Something found: where, of which class, how sure.
public struct Detection: Hashable, Sendable {
  public var box: Box
  /// Into the classes that users name; background is not among them.
  public var classIndex: Int
  public var score: Float

  public init(_ box: Box, classIndex: Int, score: Float) {
    self.box = box
    self.classIndex = classIndex
    self.score = score
  }
}

/// What counts as found.
public struct DetectionOptions: Hashable, Sendable {
  /// More than this.
  public var score: Float
  /// Two boxes of a class that overlap by more than this are one thing.
  public var iou: Double
  /// At most so many in a picture, over all classes.
  public var limit: Int

  public init(score: Float = 0.05, iou: Double = 0.5, limit: Int = 100) {
    self.score = score
    self.iou = iou
    self.limit = limit
  }
}

/// Pictures of any sizes in one tensor: each in the top left corner, zeros around it.
public struct PictureBatch: Sendable {
  /// N×C×H×W.
  public let tensor: Tensor
  /// How much of each item is picture.
  public let sizes: [Window.Size]

  public init(_ tensor: Tensor, sizes: [Window.Size]) {
    self.tensor = tensor
    self.sizes = sizes
  }

  /// Of an item, padding included.
  public var size: Window.Size { .init(tensor.shape[2], tensor.shape[3]) }
}

/// Runs stretches of a network, for whatever batch and picture size comes.
public protocol PartRunner {
  /// Every output of the part by its name, with the batch as the first axis.
  func run(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> [String: Tensor]

  /// What was decided between two parts, for whoever wants to see everything.
  func note(_ name: String, _ value: Tensor)
}

extension PartRunner {
  public func note(_ name: String, _ value: Tensor) {}

  /// As ``run(_:_:)``, the outputs in the order of the part's.
  public func callAsFunction(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> [Tensor] {
    let values = try run(part, inputs)
    return try part.to.map { name in
      guard let value = values[name] else { throw ZooError.failure("the network gives no \(name)") }
      return value
    }
  }
}
