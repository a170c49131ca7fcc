import ZooDetection
import ZooKit

/// A training batch: the network's inputs and the targets, by name, with items along the first
/// axis.
public struct Batch: Sendable {
  public var inputs: [String: Tensor]
  public var targets: [String: Target]
  /// For a detector: the true boxes of each picture, and the part of each item that is picture.
  public var boxes: [[TrueBox]] = []
  public var sizes: [Window.Size] = []

  public init(inputs: [String: Tensor], targets: [String: Target]) {
    self.inputs = inputs
    self.targets = targets
  }

  /// For a detector.
  public init(_ pictures: PictureBatch, boxes: [[TrueBox]], input: String = "image") {
    self.init(inputs: [input: pictures.tensor], targets: [:])
    (self.boxes, sizes) = (boxes, pictures.sizes)
  }
}

/// The source of batches. The trainer knows items only by number; the source decides what they are,
/// how they are read and how they are augmented.
///
/// ```swift
/// struct Noise: BatchSource {
///   let count = 100
///   let fingerprint = "noise 1"
///   func batch(_ items: [Int], epoch: Int, random: Random) throws -> Batch {
///     let pictures = try Tensor([items.count, 3, 32, 32]) { values in
///       for i in values.indices { values[i] = random.key(items[i / 3072]).normal(i % 3072) }
///     }
///     return Batch(
///       inputs: ["image": pictures], targets: ["logits": .classes(items.map { Int32($0 % 10) })])
///   }
/// }
/// ```
/// Batches are requested ahead of time, on other threads, several at once. If a source depends only
/// on its arguments, a run can be repeated to the bit.
public protocol BatchSource: Sendable {
  /// The number of items.
  var count: Int { get }

  /// Equal for equal data only: a run can be resumed only with the data it started with.
  var fingerprint: String { get }

  /// Whether every item's tensors are the same in each epoch, so that the output of a frozen prefix
  /// can be computed once.
  var isFixed: Bool { get }

  /// The items of an epoch in training order; items may be omitted or repeated.
  func order(epoch: Int, random: Random) -> [Int]

  /// - Parameters:
  ///   - items: numbers in `0..<count`, in the order of the batch.
  ///   - epoch: from 0.
  ///   - random: random numbers of this epoch; an item uses `random.key(item)`.
  func batch(_ items: [Int], epoch: Int, random: Random) throws -> Batch
}

extension BatchSource {
  public var isFixed: Bool { false }

  /// Every item once, shuffled (Fisher and Yates).
  public func order(epoch: Int, random: Random) -> [Int] {
    var order = Array(0..<count)
    for last in order.indices.dropFirst().reversed() {
      order.swapAt(last, random.below(last + 1, last))
    }
    return order
  }
}
