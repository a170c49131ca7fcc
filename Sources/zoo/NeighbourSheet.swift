import ModelZoo

/// A contact sheet of pictures and their neighbours.
struct NeighbourSheet {
  /// The most pictures, or pairs, that are drawn.
  static let most = 40
  private static let perRow = 6

  private let index: FeatureIndex
  private let items: [Item]
  private var rows: [ContactSheet.Row] = []
  private var count = 0

  init(_ index: FeatureIndex, of data: Dataset) throws {
    self.index = index
    items = try index.features.items(in: data)
  }

  /// The nearest by features, and below them the nearest by pixels.
  mutating func add(_ found: NeighbourSearch.Found, of picture: Picture, _ name: String) throws {
    count += 1
    guard count <= Self.most else { return }
    let own = ContactSheet.Tile(picture, captions: [name.lastPart])
    rows.append(.heading("\(name): by features"))
    try add([own] + found.byFeatures.map(tile))
    rows.append(.heading("by pixels"))
    try add([own] + found.byPixels.map(tile))
  }

  /// Two pairs in a row.
  mutating func add(_ pair: FeatureIndex.Pair) throws {
    let tiles = try [pair.first, pair.second].map { place in
      try tile(
        place,
        "\(decimal(pair.distance, digits: 4))\(pair.isAcrossSplits ? " across splits" : "")")
    }
    if case .tiles(let last)? = rows.last, last.count < Self.perRow {
      rows[rows.count - 1] = .tiles(last + tiles)
    } else {
      rows.append(.tiles(tiles))
    }
  }

  /// Returns the path, if there is one.
  func write(_ path: String?, _ title: String) throws -> String? {
    guard let path else { return nil }
    let more = count > Self.most ? " · the first \(Self.most) of \(count)" : ""
    try ContactSheet(title: title + more, rows: rows)
      .drawn(.init(perRow: Self.perRow, aspect: 1)).write(png: path)
    return path
  }

  private mutating func add(_ tiles: [ContactSheet.Tile]) throws {
    for start in stride(from: 0, to: tiles.count, by: Self.perRow) {
      rows.append(.tiles(Array(tiles[start..<min(start + Self.perRow, tiles.count)])))
    }
  }

  private func tile(_ neighbour: Neighbour) throws -> ContactSheet.Tile {
    try tile(neighbour.index, decimal(neighbour.distance, digits: 4))
  }

  private func tile(_ place: Int, _ caption: String) throws -> ContactSheet.Tile {
    let all = index.features
    let label = all.label(of: place).map { "\($0)  " } ?? ""
    return .init(
      try items[place].sample().picture,
      captions: [all.names[place].lastPart, label + caption])
  }
}

extension String {
  /// Of a path, without its folders.
  fileprivate var lastPart: String {
    split(separator: "/").last.map { String($0).printable } ?? self
  }
}
