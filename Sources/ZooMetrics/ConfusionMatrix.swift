import ZooKit

/// The number of items for each true and predicted class: rows are the truth, columns the
/// predictions. Items are pictures, or the pixels of a mask.
///
/// ```swift
/// var confusion = ConfusionMatrix(classes: 2)
/// confusion.add(truth: 0, predicted: 1)
/// confusion.recall(of: 0)          // 0
/// ```
///
/// A rate whose denominator is zero is nil: no item has the class, or none was predicted as it. A
/// macro average includes the classes that occur in the truth or among the predictions and counts
/// such a rate as zero, as scikit-learn does by default.
public struct ConfusionMatrix: Hashable, Sendable {
  public let classCount: Int
  /// Row by row.
  public private(set) var counts: [Int]

  public init(classes: Int) {
    classCount = max(classes, 1)
    counts = Array(repeating: 0, count: classCount * classCount)
  }

  public subscript(truth: Int, predicted: Int) -> Int { counts[truth * classCount + predicted] }

  public var rows: [[Int]] {
    (0..<classCount).map { Array(counts[$0 * classCount..<($0 + 1) * classCount]) }
  }

  public mutating func add(truth: Int, predicted: Int, count: Int = 1) {
    counts[truth * classCount + predicted] += count
  }

  /// Adds the counts of another matrix with the same classes, so many times.
  mutating func add(_ other: ConfusionMatrix, times: Int) {
    for index in counts.indices { counts[index] += times * other.counts[index] }
  }

  /// Adds the counts of another matrix with the same classes.
  public mutating func add(_ other: ConfusionMatrix) throws {
    guard other.classCount == classCount else {
      throw ZooError.failure(
        "counts of \(other.classCount) classes cannot be added to counts of \(classCount)")
    }
    for index in counts.indices { counts[index] += other.counts[index] }
  }
}

extension ConfusionMatrix {
  public var total: Int { counts.reduce(0, +) }
  public func truePositives(of index: Int) -> Int { self[index, index] }

  /// The number of items that have the class.
  public func support(of index: Int) -> Int {
    counts[index * classCount..<(index + 1) * classCount].reduce(0, +)
  }

  /// The number of items that were predicted as the class.
  public func predicted(as index: Int) -> Int {
    stride(from: index, to: counts.count, by: classCount).reduce(0) { $0 + counts[$1] }
  }

  /// Classes that occur in the truth or among the predictions.
  public var occurring: [Int] {
    (0..<classCount).filter { support(of: $0) > 0 || predicted(as: $0) > 0 }
  }

  public func precision(of index: Int) -> Double? {
    ratio(truePositives(of: index), predicted(as: index))
  }

  /// The share of the class that was found: recall, or sensitivity.
  public func recall(of index: Int) -> Double? {
    ratio(truePositives(of: index), support(of: index))
  }

  /// The share of all other items that were not predicted as the class.
  public func specificity(of index: Int) -> Double? {
    let negatives = total - support(of: index)
    return ratio(negatives - predicted(as: index) + truePositives(of: index), negatives)
  }

  /// Twice the intersection over the sum of both sizes: F₁, or Dice's coefficient.
  public func f1(of index: Int) -> Double? {
    ratio(2 * truePositives(of: index), support(of: index) + predicted(as: index))
  }

  /// The intersection over the union: Jaccard's index, or IoU.
  public func jaccard(of index: Int) -> Double? {
    let both = truePositives(of: index)
    return ratio(both, support(of: index) + predicted(as: index) - both)
  }

  /// The share of correct predictions. If every item has one class and one prediction, this also
  /// equals micro-averaged precision, recall and F₁.
  public var accuracy: Double? {
    ratio((0..<classCount).reduce(0) { $0 + self[$1, $1] }, total)
  }

  /// The mean recall of the classes that occur in the truth.
  public var balancedAccuracy: Double? {
    mean((0..<classCount).compactMap(recall))
  }

  public var macroPrecision: Double? { macro(precision) }
  public var macroRecall: Double? { macro(recall) }
  public var macroSpecificity: Double? { macro(specificity) }
  public var macroF1: Double? { macro(f1) }
  public var macroJaccard: Double? { macro(jaccard) }

  private func macro(_ rate: (Int) -> Double?) -> Double? {
    mean(occurring.map { rate($0) ?? 0 })
  }
}

func ratio(_ part: Int, _ whole: Int) -> Double? {
  whole == 0 ? nil : Double(part) / Double(whole)
}

func mean(_ numbers: [Double]) -> Double? {
  numbers.isEmpty ? nil : numbers.reduce(0, +) / Double(numbers.count)
}
