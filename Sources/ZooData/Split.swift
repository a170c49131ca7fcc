import ZooKit

/// Pictures that are used together: those to train on, to validate with, to test on.
public struct Split: Sendable {
  /// `train`, `val`, `test`; `all` where the data set makes no difference.
  public let name: String
  public let items: [Item]

  public init(name: String, items: [Item]) {
    self.name = name
    self.items = items
  }

  public var count: Int { items.count }

  /// The first and second part of the items, chosen at random so that both have every class in
  /// the same proportion; the same seed always gives the same parts, in the order of this split.
  ///
  /// A picture goes by its label, or by the rarest class among its boxes; pictures without either
  /// are one group. The choice hangs on an item's name and not on its place, so that it survives
  /// pictures that come or go.
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
    // The largest remainders make the total right; a group of two or more shows up on both sides.
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

  /// For each item a number that items of its kind share.
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

  /// How many items (pictures, or boxes) there are of each class.
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
