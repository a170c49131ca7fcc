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

  /// Divides the items at random into two parts, so that both have every class in the same
  /// proportion. The same seed always gives the same parts, in the order of this split.
  ///
  /// Items are grouped by their label, or by the rarest class among their boxes; pictures without
  /// either are one group. The choice depends on an item's name, not on its position, so it stays
  /// stable when pictures are added or removed.
  public func divided(fraction: Double, seed: UInt64) throws -> (rest: Split, part: Split) {
    guard fraction > 0, fraction < 1, items.count > 1 else {
      throw ZooError.usage(
        items.count > 1
          ? "a fraction of pictures is between 0 and 1, not \(fraction)"
          : "\(items.count) pictures cannot be divided")
    }
    var groups: [[Int]] = []
    var places: [Int: Int] = [:]
    for (index, key) in groupKeys.enumerated() {
      let place = places[key] ?? groups.count
      if place == groups.count {
        places[key] = place
        groups.append([])
      }
      groups[place].append(index)
    }
    // The largest remainders make the total right; a group of two or more occurs in both parts.
    let random = Random(seed: seed).key("split")
    let wanted = max(1, min(items.count - 1, Int((fraction * Double(items.count)).rounded())))
    var sizes = groups.map { group in
      let size = Int(fraction * Double(group.count))
      return group.count > 1 ? min(max(size, 1), group.count - 1) : size
    }
    let remainders = groups.indices.sorted { a, b in
      let (left, right) = (
        fraction * Double(groups[a].count) - Double(sizes[a]),
        fraction * Double(groups[b].count) - Double(sizes[b])
      )
      return left == right ? a < b : left > right
    }
    for index in remainders where sizes.reduce(0, +) < wanted {
      if sizes[index] < max(groups[index].count - 1, 1) { sizes[index] += 1 }
    }
    var chosen: Set<Int> = []
    for (group, size) in zip(groups, sizes) {
      let order = group.map { (bits: random.key(items[$0].name).bits(0), index: $0) }
        .sorted { $0.bits == $1.bits ? $0.index < $1.index : $0.bits < $1.bits }
      chosen.formUnion(order.prefix(size).map(\.index))
    }
    func part(_ name: String, _ isChosen: Bool) -> Split {
      Split(
        name: name,
        items: items.indices.filter { chosen.contains($0) == isChosen }.map { items[$0] })
    }
    return (part("train", false), part("val", true))
  }

  /// A number per item that is shared by items of the same group.
  private var groupKeys: [Int] {
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
