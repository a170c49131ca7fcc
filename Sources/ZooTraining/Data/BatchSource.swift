import ZooDetection
import ZooKit

/// A batch as the trainer takes it: the network's inputs and the truths, by name, items along the
/// first axis.
public struct Batch: Sendable {
  public var inputs: [String: Tensor]
  public var targets: [String: Target]
  /// For a detector: what it should find in each picture, and how much of each item is picture.
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

/// Where batches come from. The trainer knows items by number alone; what they are, how they are
/// read and how they are varied is the source's.
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
/// Batches are asked for ahead of their turn, on other threads, several at a time. A source that
/// depends only on what it is given makes a run that can be repeated to the bit.
public protocol BatchSource: Sendable {
  /// How many items there are.
  var count: Int { get }

  /// The same for the same data and no other: a run is resumed only with the data it began with.
  var fingerprint: String { get }

  /// Every item's tensors are the same in each epoch: what a frozen network makes of them can be
  /// computed once.
  var isFixed: Bool { get }

  /// The items of an epoch in the order in which they are learned; some may be left out or come
  /// more often.
  func order(epoch: Int, random: Random) -> [Int]

  /// - Parameters:
  ///   - items: numbers in `0..<count`, in the order of the batch.
  ///   - epoch: from 0.
  ///   - random: of this epoch; an item varies by `random.key(item)`.
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
