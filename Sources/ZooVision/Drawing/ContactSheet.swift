import ZooKit

/// A page of pictures in rows, each with lines of text below it, under headings.
///
/// ```swift
/// let layout = ContactSheet.Layout(perRow: 8, aspect: 1)
/// let tile = ContactSheet.Tile(photo, captions: ["ant.jpg", "bee 93 %"])
/// try ContactSheet(title: "2 of 40 are wrong", rows: [.heading("ants"), .tiles([tile])])
///   .drawn(layout).write(png: "sheet.png")
/// ```
public struct ContactSheet {
  public struct Tile {
    public let picture: Picture
    public let captions: [String]

    public init(_ picture: Picture, captions: [String]) {
      (self.picture, self.captions) = (picture, captions)
    }
  }

  public enum Row {
    case heading(String)
    case tiles([Tile])
  }

  /// The measures of every page of a set.
  public struct Layout: Sendable {
    /// The number of pictures in a row.
    public let perRow: Int
    /// The room for a picture.
    let tile: Window.Size

    static let width = 1240
    static let (margin, gap, line) = (20, 10, 17)
    static let titleHeight = 44
    static let headingHeight = 34

    /// `aspect`: the height of the room for a picture as a share of its width.
    public init(perRow: Int, aspect: Double) {
      self.perRow = max(1, perRow)
      let width = (Layout.width - 2 * Layout.margin - (self.perRow - 1) * Layout.gap) / self.perRow
      tile = .init(max(1, Int(Double(width) * aspect)), width)
    }

    /// The number of rows, with this many lines of text each, that fit a page of about this height.
    public func rows(captions: Int, within height: Int = 1600) -> Int {
      max(1, (height - Layout.titleHeight) / rowHeight(captions: captions))
    }

    func rowHeight(captions: Int) -> Int { tile.height + captions * Layout.line + 2 * Layout.gap }
  }

  public let title: String
  public let rows: [Row]

  public init(title: String, rows: [Row]) { (self.title, self.rows) = (title, rows) }

  public func drawn(_ layout: Layout) throws -> Picture {
    let height = rows.reduce(Layout.titleHeight + Layout.margin) { $0 + layout.height(of: $1) }
    var sheet = try Picture(width: Layout.width, height: height, Colour(23, 25, 29))
    var texts: [Text] = [Text(title, x: Layout.margin, y: 30, size: 17, isBright: true)]
    var top = Layout.titleHeight
    for row in rows {
      switch row {
      case .heading(let text):
        texts.append(Text(text, x: Layout.margin, y: top + 24, size: 15, isBright: true))
      case .tiles(let tiles):
        for (place, tile) in tiles.prefix(layout.perRow).enumerated() {
          let left = Layout.margin + place * (layout.tile.width + Layout.gap)
          let picture = try tile.picture.fitted(into: layout.tile)
          try sheet.paste(
            picture, x: left + (layout.tile.width - picture.width) / 2,
            y: top + (layout.tile.height - picture.height) / 2)
          for (line, caption) in tile.captions.enumerated() {
            texts.append(
              Text(
                caption, x: left, y: top + layout.tile.height + (line + 1) * Layout.line, size: 12,
                isBright: line > 0, width: layout.tile.width))
          }
        }
      }
      top += layout.height(of: row)
    }
    let faces = try Dictionary(
      uniqueKeysWithValues: Set(texts.map(\.size)).map { ($0, try Typeface(size: Double($0))) })
    try sheet.draw { canvas in
      for text in texts {
        guard let face = faces[text.size] else { continue }
        canvas.write(
          face.shortened(text.words, to: Double(text.width)), at: [Double(text.x), Double(text.y)],
          face, .white.with(alpha: text.isBright ? 1 : 0.7))
      }
    }
    return sheet
  }

  private struct Text {
    let words: String
    let x, y, size: Int
    let isBright: Bool
    let width: Int

    init(
      _ words: String, x: Int, y: Int, size: Int, isBright: Bool,
      width: Int = Layout.width - 2 * Layout.margin
    ) {
      (self.words, self.x, self.y, self.size) = (words, x, y, size)
      (self.isBright, self.width) = (isBright, width)
    }
  }
}

extension ContactSheet.Layout {
  fileprivate func height(of row: ContactSheet.Row) -> Int {
    switch row {
    case .heading: Self.headingHeight
    case .tiles(let tiles): rowHeight(captions: tiles.map(\.captions.count).max() ?? 0)
    }
  }
}

extension Picture {
  /// In RGB, as large as fits. A small picture is enlarged in whole squares, so that its pixels stay
  /// visible.
  fileprivate func fitted(into room: Window.Size) throws -> Picture {
    let scale = min(Double(room.width) / Double(width), Double(room.height) / Double(height))
    let whole = scale >= 3 ? scale.rounded(.down) : scale
    let size = Window.Size(
      max(1, Int(Double(height) * whole)), max(1, Int(Double(width) * whole)))
    return try rgb.resized(to: size, interpolation: scale >= 3 ? .nearest : .bilinear)
  }
}
