import ZooKit

extension Split {
  /// Divides the items at random into two parts, so that both have every class in the same
  /// proportion. The same seed always gives the same parts, in the order of this split.
  ///
  /// Items are grouped by their label, or by the rarest class among their boxes; pictures without
  /// either are one group. The choice depends on an item's name, not on its position, so it stays
  /// stable when pictures are added or removed.
  ///
  /// - Parameters:
  ///   - fraction: the part's share of the items.
  ///   - seed: the seed of the choice.
  ///   - units: the unit of each item, such as its patient. A unit is in one part as a whole, and
  ///     the proportions are as near as whole units allow. Nil, or a unit for each item, divides
  ///     item by item.
  ///   - name: the name of the part.
  public func divided(
    fraction: Double, seed: UInt64, keeping units: [String]? = nil, as name: String = "val"
  ) throws -> (rest: Split, part: Split) {
    guard fraction > 0, fraction < 1, items.count > 1 else {
      throw ZooError.usage(
        items.count > 1
          ? "a fraction of pictures is between 0 and 1, not \(fraction)"
          : "\(items.count) pictures cannot be divided")
    }
    let random = Random(seed: seed).key("split")
    let chosen =
      if let units = try whole(units) {
        try choice(of: units, fraction, random)
      } else {
        choice(fraction, random)
      }
    func part(_ name: String, _ isChosen: Bool) -> Split {
      Split(
        name: name,
        items: items.indices.filter { chosen.contains($0) == isChosen }.map { items[$0] })
    }
    return (part("train", false), part(name, true))
  }

  /// The fold of each item, from 0: parts of equal size that have every class in the same
  /// proportion, as far as whole units allow. Like ``divided(fraction:seed:keeping:as:)``, it
  /// depends on names and the seed.
  public func folds(_ count: Int, seed: UInt64, keeping units: [String]? = nil) throws -> [Int] {
    let random = Random(seed: seed).key("folds")
    var folds = [Int](repeating: 0, count: items.count)
    guard let units = try whole(units) else {
      guard count > 1, count <= items.count else {
        throw ZooError.usage("\(items.count) pictures cannot be divided into \(count) folds")
      }
      // Dealing goes on where the last class ended, which keeps the folds equally large.
      var next = 0
      for stratum in strataMembers {
        for index in ordered(stratum, random) {
          folds[index] = next % count
          next += 1
        }
      }
      return folds
    }
    guard count > 1, count <= units.count else {
      throw ZooError.corrupt(
        "\(count) folds need \(count) groups; the pictures have \(units.count)")
    }
    let strata = strata
    let totals = Dictionary(strata.map { ($0, 1) }, uniquingKeysWith: +)
    var held = Array(repeating: [Int: Int](), count: count)
    var sizes = Array(repeating: 0, count: count)
    let order = units.sorted { a, b in
      a.items.count == b.items.count
        ? random.key(a.name).bits(0) < random.key(b.name).bits(0) : a.items.count > b.items.count
    }
    for unit in order {
      let own = Dictionary(unit.items.map { (strata[$0], 1) }, uniquingKeysWith: +)
      // The fold that has the least of the unit's classes, the smallest on ties.
      let loads = held.map { held in
        own.reduce(0.0) { load, entry in
          load + Double(entry.value) * Double(held[entry.key] ?? 0) / Double(totals[entry.key] ?? 1)
        }
      }
      let fold =
        (0..<count).min { (loads[$0], sizes[$0], $0) < (loads[$1], sizes[$1], $1) } ?? 0
      for index in unit.items { folds[index] = fold }
      held[fold].merge(own, uniquingKeysWith: +)
      sizes[fold] += unit.items.count
    }
    return folds
  }

  /// Items that stay together.
  private struct Unit {
    let name: String
    var items: [Int]
  }

  /// The units, or nil if each item is one.
  private func whole(_ names: [String]?) throws -> [Unit]? {
    guard let names else { return nil }
    guard names.count == items.count else {
      throw ZooError.failure("\(names.count) units were named for \(items.count) pictures")
    }
    var units: [Unit] = []
    var places: [String: Int] = [:]
    for (index, name) in names.enumerated() {
      if let place = places[name] {
        units[place].items.append(index)
      } else {
        places[name] = units.count
        units.append(Unit(name: name, items: [index]))
      }
    }
    return units.count == items.count ? nil : units
  }

  /// Takes units at random as long as that brings the classes nearer to their share.
  private func choice(of units: [Unit], _ fraction: Double, _ random: Random) throws -> Set<Int> {
    guard units.count > 1 else {
      throw ZooError.corrupt(
        "all \(items.count) pictures are in the group “\(units[0].name)” and cannot be divided")
    }
    let strata = strata
    let totals = Dictionary(strata.map { ($0, 1) }, uniquingKeysWith: +)
    var missing = totals.mapValues { fraction * Double($0) }
    let order = units.sorted {
      (random.key($0.name).bits(0), $0.name) < (random.key($1.name).bits(0), $1.name)
    }
    var chosen: [Unit] = []
    for unit in order where chosen.count < units.count - 1 {
      let own = Dictionary(unit.items.map { (strata[$0], 1.0) }, uniquingKeysWith: +)
      // The change of the squared distance from the wanted numbers, each relative to its class.
      let change = own.reduce(0.0) { sum, entry in
        let (left, all) = (missing[entry.key] ?? 0, Double(totals[entry.key] ?? 1))
        return sum + ((left - entry.value) * (left - entry.value) - left * left) / (all * all)
      }
      guard change < 0 else { continue }
      chosen.append(unit)
      missing.merge(own) { $0 - $1 }
    }
    if chosen.isEmpty, let smallest = order.min(by: { $0.items.count < $1.items.count }) {
      chosen = [smallest]
    }
    return Set(chosen.flatMap(\.items))
  }

  private func choice(_ fraction: Double, _ random: Random) -> Set<Int> {
    let groups = strataMembers
    // The largest remainders make the total right; a group of two or more occurs in both parts.
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
    return Set(zip(groups, sizes).flatMap { group, size in ordered(group, random).prefix(size) })
  }

  /// The items of each class, in the order in which the classes first occur.
  private var strataMembers: [[Int]] {
    var members: [[Int]] = []
    var places: [Int: Int] = [:]
    for (index, key) in strata.enumerated() {
      let place = places[key] ?? members.count
      if place == members.count {
        places[key] = place
        members.append([])
      }
      members[place].append(index)
    }
    return members
  }

  /// In an order that depends on names only.
  private func ordered(_ indices: [Int], _ random: Random) -> [Int] {
    let keyed = indices.map { (bits: random.key(items[$0].name).bits(0), index: $0) }
    let sorted = keyed.sorted { a, b in a.bits == b.bits ? a.index < b.index : a.bits < b.bits }
    return sorted.map(\.index)
  }
}
