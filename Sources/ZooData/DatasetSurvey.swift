import ZooKit
import ZooVision

/// What a data set holds, and what may be wrong with it: counts, sizes, duplicates and pictures that
/// cannot be read.
///
/// ```swift
/// let survey = try Dataset.open("ants-and-bees").surveyed()
/// for pair in survey.duplicates where pair.isAcrossSplits { print(pair.first, pair.second) }
/// ```
public struct DatasetSurvey: Sendable {
  public let data: Dataset
  public let classes: [ClassCount]
  /// The least, median and greatest value under each name, if the data set has numbers.
  public let numbers: [(least: Float, median: Float, greatest: Float)]
  /// Of the readable pictures, by area.
  public let smallest, median, largest: Window.Size?
  /// How many different sizes there are.
  public let sizes: Int
  /// The number of pictures with 1, 3 or 4 channels.
  public let channels: [Int: Int]
  /// Whether the annotations are boxes.
  public let hasBoxes: Bool
  /// The pictures without an annotation, or without an object.
  public let unannotated: Int
  public let unreadable: [Flaw]
  public let duplicates: [Pair]

  /// How often a class occurs.
  public struct ClassCount: Sendable {
    public let name: String
    /// In the order of the splits.
    public let pictures: [Int]
    /// Boxes, where there are any.
    public let objects: Int

    public var total: Int { pictures.reduce(0, +) }
  }

  public struct Flaw: Sendable {
    public let picture: String
    public let reason: String
  }

  /// Two pictures that are the same, or look the same.
  public struct Pair: Sendable {
    public let first, second: String
    /// Whether their bytes are equal.
    public let isSame: Bool
    /// A model judged on one of them has learned from the other.
    public let isAcrossSplits: Bool
    /// At least one of the two annotations is wrong.
    public let differsInClass: Bool
  }

  /// The most frequent class's pictures for one of the least frequent's; nil without two classes.
  public var imbalance: Double? {
    let totals = classes.map(\.total).filter { $0 > 0 }
    guard totals.count > 1, let least = totals.min(), let most = totals.max() else { return nil }
    return Double(most) / Double(least)
  }

  /// The classes with a single picture, which cannot be both learned and judged.
  public var single: [String] { classes.filter { $0.total == 1 }.map(\.name) }
}

extension Dataset {
  /// Decodes every picture once, on all threads.
  /// - Parameter progress: called with the number of finished pictures and their total.
  public func surveyed(progress: (_ done: Int, _ of: Int) throws -> Void = { _, _ in }) throws
    -> DatasetSurvey
  {
    let items = splits.flatMap { split in split.items.map { (split: split.name, item: $0) } }
    var findings: [Result<Finding, any Error>] = []
    let step = 128
    for start in stride(from: 0, to: items.count, by: step) {
      try progress(start, items.count)
      let part = items[start..<min(start + step, items.count)].map(\.item)
      var results = [Result<Finding, any Error>?](repeating: nil, count: part.count)
      results.withUnsafeMutableBufferPointer { results in
        // Safe to share: each element is written by one thread.
        nonisolated(unsafe) let results = results
        Threads.split(part.count, cost: 1 << 20) { range in
          for index in range { results[index] = Result { try Finding(part[index]) } }
        }
      }
      findings += results.compactMap(\.self)
    }
    try progress(items.count, items.count)
    return DatasetSurvey(self, items, findings)
  }
}

/// What a decoded picture tells.
private struct Finding: Sendable {
  let size: Window.Size
  let channels: Int
  let mark: PictureMark

  init(_ item: Item) throws {
    let picture = try item.sample().picture
    (size, channels) = (picture.size, picture.channels)
    mark = PictureMark(digest: try item.digest(), likeness: Likeness(picture))
  }
}

extension DatasetSurvey {
  fileprivate init(
    _ data: Dataset, _ items: [(split: String, item: Item)],
    _ findings: [Result<Finding, any Error>]
  ) {
    self.data = data
    let isOfNumbers = items.contains {
      if case .values = $0.item.annotation { true } else { false }
    }
    let names = isOfNumbers ? [] : data.classes
    classes = names.enumerated().map { index, name -> ClassCount in
      let pictures = data.splits.map { split -> Int in
        split.items.count { $0.annotation.classes.contains(index) }
      }
      let objects = items.reduce(0) { sum, entry in
        sum + entry.item.annotation.everyClass.count { $0 == index }
      }
      return ClassCount(name: name, pictures: pictures, objects: objects)
    }
    let rows = items.compactMap { entry -> [Float]? in
      if case .values(let values) = entry.item.annotation { values } else { nil }
    }
    let columns = rows.isEmpty ? 0..<0 : data.classes.indices
    numbers = columns.map { column -> (least: Float, median: Float, greatest: Float) in
      let values = rows.compactMap { $0.indices.contains(column) ? $0[column] : nil }.sorted()
      guard let least = values.first, let greatest = values.last else { return (0, 0, 0) }
      return (least, values[values.count / 2], greatest)
    }
    hasBoxes = items.contains { entry in
      switch entry.item.annotation {
      case .boxes, .fractions: true
      case .none, .label, .labels, .mask, .values: false
      }
    }
    unannotated = items.count { entry in
      switch entry.item.annotation {
      case .none: true
      case .boxes, .fractions: !entry.item.showsObjects
      case .label, .labels, .mask, .values: false
      }
    }
    let found = findings.map { try? $0.get() }
    unreadable = zip(items, findings).compactMap { entry, finding -> Flaw? in
      guard case .failure(let error) = finding else { return nil }
      return Flaw(picture: entry.item.name, reason: "\(error)")
    }
    let all = found.compactMap { $0?.size }
    let order = all.sorted {
      ($0.height * $0.width, $0.width) < ($1.height * $1.width, $1.width)
    }
    smallest = order.first
    median = order.isEmpty ? nil : order[order.count / 2]
    largest = order.last
    sizes = Set(all).count
    channels = Dictionary(found.compactMap { $0.map { ($0.channels, 1) } }, uniquingKeysWith: +)
    duplicates = Duplicate.within(found.map { $0?.mark }).map { pair -> Pair in
      let (first, second) = (items[pair.first], items[pair.second])
      return Pair(
        first: first.item.name, second: second.item.name, isSame: pair.isSame,
        isAcrossSplits: first.split != second.split,
        differsInClass: first.item.annotation.label != second.item.annotation.label)
    }
  }
}

extension Annotation {
  /// The single class of a picture.
  fileprivate var label: Int? { if case .label(let index) = self { index } else { nil } }
}
