import ZooKit

/// Pairs tensors of a file with parameters by their place in the network, whatever their names.
///
/// Two implementations of a network declare the same layers in the same order, so the k-th tensor
/// of a shape is the k-th parameter of that shape. This matches the deepest level of a decoder with
/// the deepest, although one file counts `up1` from the bottom and the other `decoder1` from the
/// top. If names agree much better than the order does, they win.
struct Pairing {
  private(set) var pairs: [(tensor: Int, parameter: Int)] = []
  /// The remaining number of character comparisons.
  private var work = 2_000_000
  private let names: (tensors: [String], parameters: [String])

  /// A file may contain any number of names.
  static let most = 2000

  /// Tensors of one kind are interchangeable.
  private struct Kind: Hashable {
    let shape: Shape
    /// The last word: `weight`.
    var word: Substring?
    /// The kinds of tensors with the same prefix, because the bias of a norm is not that of a
    /// convolution.
    var module: Int?
  }

  init(
    _ tensors: [TensorInfo], _ parameters: [Parameter], changes: [String: LayoutChange],
    prefix: String
  ) {
    names = (tensors.map { String($0.name.dropFirst(prefix.count)) }, parameters.map(\.name))
    let order = Pairing.order(of: names.tensors).filter { tensors[$0].type.isFloat }
    let shapes = parameters.prefix(Pairing.most).map { parameter in
      (changes[parameter.name] ?? .none).shape(back: parameter.shape) ?? parameter.shape
    }
    var modules: [Set<Kind>: Int] = [:]
    let found = Pairing.kinds(
      order.map { ($0, names.tensors[$0], tensors[$0].shape) }, &modules)
    let wanted = Pairing.kinds(
      shapes.indices.map { ($0, names.parameters[$0], shapes[$0]) }, &modules)
    // First the whole module must agree, then the last word, then only the shape: `gamma` of
    // another framework for `weight`.
    pair(found, wanted) { $0 }
    pair(found, wanted) { Kind(shape: $0.shape, word: $0.word) }
    pair(found, wanted, onlyEqual: true) { Kind(shape: $0.shape) }
  }

  /// - Parameter modules: the numbers of the modules found so far.
  private static func kinds(
    _ items: [(index: Int, name: String, shape: Shape)], _ modules: inout [Set<Kind>: Int]
  ) -> [(Int, Kind)] {
    let plain = items.map { item -> (module: Substring, kind: Kind) in
      guard let dot = item.name.lastIndex(of: ".") else {
        return (item.name[...], Kind(shape: item.shape))
      }
      let word = item.name[item.name.index(after: dot)...]
      return (item.name[..<dot], Kind(shape: item.shape, word: word))
    }
    var numbers: [Substring: Int] = [:]
    for (module, items) in Dictionary(grouping: plain, by: \.module) {
      let kinds = Set(items.map(\.kind))
      numbers[module] = modules[kinds] ?? modules.count
      modules[kinds] = numbers[module]
    }
    return zip(items, plain).map { item, plain in
      var kind = plain.kind
      kind.module = numbers[plain.module]
      return (item.index, kind)
    }
  }

  /// Pairs the remaining tensors, kind by kind, in the order of the network.
  private mutating func pair(
    _ found: [(Int, Kind)], _ wanted: [(Int, Kind)], onlyEqual: Bool = false,
    by kind: (Kind) -> Kind
  ) {
    let (placed, filled) = (Set(pairs.map(\.tensor)), Set(pairs.map(\.parameter)))
    let tensors = Dictionary(grouping: found.filter { !placed.contains($0.0) }) { kind($0.1) }
    let places = Dictionary(grouping: wanted.filter { !filled.contains($0.0) }) { kind($0.1) }
    for (kind, places) in places.sorted(by: { ($0.value[0].0) < ($1.value[0].0) }) {
      guard let tensors = tensors[kind], tensors.count == places.count || !onlyEqual else {
        continue
      }
      pair(tensors.map(\.0), places.map(\.0))
    }
  }

  /// The file's own order. If it was sorted by name, numbers in names are compared as numbers.
  private static func order(of names: [String]) -> [Int] {
    let isSorted = zip(names, names.dropFirst()).allSatisfy { $0 < $1 }
    let indices = names.indices.prefix(most)
    guard isSorted else { return Array(indices) }
    return indices.sorted { naturallyPrecedes(names[$0], names[$1]) }
  }

  /// Pairs tensors and parameters of one kind, as many as the smaller number of both.
  private mutating func pair(_ tensors: [Int], _ places: [Int]) {
    guard !tensors.isEmpty, !places.isEmpty else { return }
    func letters(_ indices: [Int], _ names: [String]) -> Int {
      indices.reduce(0) { $0 + names[$1].utf8.count }
    }
    let cost = letters(tensors, names.tensors) * letters(places, names.parameters)
    guard cost <= work else {
      if tensors.count == places.count {
        pairs += zip(tensors, places).map { (tensor: $0, parameter: $1) }
      }
      return
    }
    work -= cost
    let distances = tensors.map { tensor in
      places.map { editDistance(names.tensors[tensor], names.parameters[$0]) }
    }
    func total(_ chosen: [(Int, Int)]) -> Int { chosen.reduce(0) { $0 + distances[$1.0][$1.1] } }
    let (ordered, free) = (Pairing.inOrder(distances), Pairing.nearest(distances))
    for (a, b) in 2 * total(free) < total(ordered) ? free : ordered {
      let (tensor, place) = (tensors[a], places[b])
      // If one side has more, a pair must also be similar.
      let isAlike = 3 * distances[a][b] <= 2 * names.parameters[place].utf8.count
      if tensors.count == places.count || isAlike {
        pairs.append((tensor: tensor, parameter: place))
      }
    }
  }

  /// The pairs with the smallest total distance that keep both orders.
  private static func inOrder(_ distances: [[Int]]) -> [(Int, Int)] {
    let (rows, columns) = (distances.count, distances[0].count)
    guard rows <= columns else {
      let turned = (0..<columns).map { column in distances.map { $0[column] } }
      return inOrder(turned).map { ($1, $0) }
    }
    // The minimum for the first rows among the first columns; every row needs a column.
    let spare = columns - rows
    var least = Array(repeating: Array(repeating: Int.max, count: columns + 1), count: rows + 1)
    least[0] = Array(repeating: 0, count: columns + 1)
    for row in 0..<rows {
      for column in row...(row + spare) {
        least[row + 1][column + 1] = min(
          least[row + 1][column], least[row][column] + distances[row][column])
      }
    }
    var pairs: [(Int, Int)] = []
    var column = columns
    for row in (0..<rows).reversed() {
      while least[row + 1][column] == least[row + 1][column - 1] { column -= 1 }
      column -= 1
      pairs.append((row, column))
    }
    return pairs.reversed()
  }

  /// The nearest first, in any order.
  private static func nearest(_ distances: [[Int]]) -> [(Int, Int)] {
    let all = distances.indices.flatMap { row in
      distances[row].indices.map { (row: row, column: $0) }
    }
    var (rows, columns) = (Set<Int>(), Set<Int>())
    return all.sorted { a, b in
      (distances[a.row][a.column], a.row, a.column) < (distances[b.row][b.column], b.row, b.column)
    }.filter { pair in
      guard !rows.contains(pair.row), !columns.contains(pair.column) else { return false }
      rows.insert(pair.row)
      columns.insert(pair.column)
      return true
    }.map { ($0.row, $0.column) }
  }
}
