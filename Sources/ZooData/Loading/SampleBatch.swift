import ZooKit
import ZooVision

/// The input of a training step: pictures as the network sees them, and their targets.
public struct SampleBatch: Sendable {
  /// The indices of the items in the split, in the order of the batch.
  public let indices: [Int]
  /// N×C×H×W, normalised by the checkpoint's record.
  public let input: Tensor
  /// The size of each picture within its item, from the top left corner; it differs only if
  /// pictures have different sizes.
  public let sizes: [Window.Size]
  public let truths: Truths
  /// Items of this batch that cannot be read and are missing from it.
  public let broken: [Broken]
}

/// The targets of a batch, in the order of its pictures.
public enum Truths: Sendable {
  case none
  /// One class each.
  case labels([Int])
  /// N×classes: a share per class; 0 and 1 for several labels, in between after mixing.
  case shares(Tensor)
  /// In pixels of the input.
  case boxes([[ObjectBox]])
  /// N×H×W classes; ``Truth/ignored`` means no class.
  case masks([UInt8], Window.Size)
  /// N×values.
  case values(Tensor)
}

extension SampleBatch {
  /// Combines samples of the same size.
  init(
    _ samples: [Sample], indices: [Int], broken: [Broken], classes: Int,
    normalising preprocessing: Preprocessing, mixing: Mixing?, random: Random
  ) throws {
    self.indices = indices
    self.broken = broken
    sizes = samples.map(\.picture.size)
    // Size and channels are already right; only normalisation is left.
    var numbers = preprocessing
    (numbers.resize, numbers.crop) = (.none, nil)
    var input = try numbers.tensor(from: samples.map(\.picture))
    var truths = try SampleBatch.truths(of: samples, classes: classes)
    if let mixing {
      guard case .labels(let labels) = truths else {
        throw ZooError.usage("mixup and cutmix need pictures with one label each")
      }
      truths = .shares(
        try mixing.apply(to: &input, labels: labels, classes: classes, random))
    }
    self.input = input
    self.truths = truths
  }

  private static func truths(of samples: [Sample], classes: Int) throws -> Truths {
    func all<T>(_ value: (Truth) -> T?) throws -> [T] {
      try samples.map { sample in
        guard let value = value(sample.truth) else {
          throw ZooError.corrupt(
            "\(sample.name) has another kind of annotation than \(samples[0].name)")
        }
        return value
      }
    }
    switch samples.first?.truth {
    case nil, .some(.none): return .none
    case .label: return .labels(try all { if case .label(let index) = $0 { index } else { nil } })
    case .labels:
      let sets = try all { if case .labels(let set) = $0 { set } else { nil } }
      return .shares(
        try Tensor([samples.count, classes]) { shares in
          shares.initialize(repeating: 0)
          for (item, set) in sets.enumerated() {
            for index in set where 0..<classes ~= index { shares[item * classes + index] = 1 }
          }
        })
    case .boxes: return .boxes(try all { if case .boxes(let boxes) = $0 { boxes } else { nil } })
    case .mask(let first):
      let masks = try all { if case .mask(let mask) = $0 { mask } else { nil } }
      guard masks.allSatisfy({ $0.size == first.size }) else {
        throw ZooError.failure("the masks of a batch differ in size")
      }
      return .masks(masks.flatMap(\.pixels), first.size)
    case .values(let first):
      let values = try all { if case .values(let values) = $0 { values } else { nil } }
      guard values.allSatisfy({ $0.count == first.count }) else {
        throw ZooError.corrupt("the items of a batch have different numbers of values")
      }
      return .values(try Tensor([samples.count, first.count], values.flatMap(\.self)))
    }
  }
}
