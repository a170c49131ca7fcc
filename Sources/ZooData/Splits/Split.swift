import ZooKit

/// Pictures for one purpose: training, validation or testing.
public struct Split: Sendable {
  /// `train`, `val`, `test`; `all` if the data set has no splits.
  public let name: String
  public let items: [Item]

  public init(name: String, items: [Item]) {
    self.name = name
    self.items = items
  }

  public var count: Int { items.count }

  /// The class that decides where a picture belongs: its label, or the rarest class among its boxes;
  /// −1 if it has neither.
  var strata: [Int] {
    var counts: [Int: Int] = [:]
    for item in items { for index in item.annotation.classes { counts[index, default: 0] += 1 } }
    return items.map { item in
      item.annotation.classes.min { a, b in
        let (left, right) = (counts[a, default: 0], counts[b, default: 0])
        return left == right ? a < b : left < right
      } ?? -1
    }
  }

  /// The number of items (pictures or boxes) of each class.
  public func counts(classes: Int) -> [Int] {
    var counts = Array(repeating: 0, count: classes)
    for item in items {
      for index in item.annotation.everyClass where counts.indices.contains(index) {
        counts[index] += 1
      }
    }
    return counts
  }
}

extension Annotation {
  /// The classes that occur, each once.
  var classes: Set<Int> { Set(everyClass) }

  var everyClass: [Int] {
    switch self {
    case .label(let index): [index]
    case .labels(let set): set.sorted()
    case .boxes(let boxes, _), .fractions(let boxes): boxes.map(\.classIndex)
    case .none, .mask, .values: []
    }
  }
}
