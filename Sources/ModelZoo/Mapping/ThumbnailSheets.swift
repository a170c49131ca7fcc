import ZooData
import ZooKit
import ZooTraining
import ZooVision

/// Square thumbnails side by side on JPEG sheets, each of which a page holds once, however often its
/// pictures are shown.
struct ThumbnailSheets {
  /// Of a thumbnail, in pixels: less for many. A multiple of 16, so that JPEG's blocks mix no two.
  let side: Int
  private let sheets: [(picture: String, width: Int, height: Int)]
  private static let perRow = 32

  /// A picture that cannot be read is grey.
  init(of items: [Item]) throws {
    let side = items.count <= 500 ? 128 : items.count <= 2000 ? 80 : items.count <= 20_000 ? 48 : 32
    let perRow = Self.perRow
    sheets = try stride(from: 0, to: items.count, by: perRow * perRow).map { start in
      let part = items[start..<min(start + perRow * perRow, items.count)]
      let columns = min(part.count, perRow)
      let rows = (part.count + perRow - 1) / perRow
      var sheet = try Picture(width: columns * side, height: rows * side, channels: 3)
      try sheet.withMutablePixels { pixels in
        pixels.update(repeating: 128)
        // Safe to share: each thumbnail has pixels of its own.
        nonisolated(unsafe) let pixels = pixels
        Threads.split(part.count, cost: 1 << 18) { range in
          for place in range {
            guard let small = try? part[start + place].sample().picture.square(side) else {
              continue
            }
            let left = 3 * side * (place % perRow)
            small.withPixels { small in
              for row in 0..<side {
                let line = 3 * columns * side * (place / perRow * side + row) + left
                for index in 0..<3 * side { pixels[line + index] = small[3 * side * row + index] }
              }
            }
          }
        }
      }
      return (base64(try sheet.jpeg(quality: 80)), sheet.width, sheet.height)
    }
    self.side = side
  }

  /// The sheets, for the definitions of a drawing.
  var definitions: Markup {
    let images: [Markup] = sheets.enumerated().map { place, sheet in
      """
      <image id="sheet-\(place)" width="\(sheet.width)" height="\(sheet.height)" \
      href="data:image/jpeg;base64,\(Markup(stringLiteral: sheet.picture))"/>

      """
    }
    return "<defs>\n\(images)</defs>\n"
  }

  /// A thumbnail as a drawing, or as a part of one.
  /// - Parameter attributes: where it is and how large.
  func image(of index: Int, _ attributes: Markup) -> Markup {
    let (sheet, place) = index.quotientAndRemainder(dividingBy: Self.perRow * Self.perRow)
    return """
      <svg \(attributes) viewBox="\(place % Self.perRow * side) \(place / Self.perRow * side) \
      \(side) \(side)"><use href="#sheet-\(sheet)"/></svg>
      """
  }
}

extension Picture {
  /// The middle of the picture, in RGB. The pixels of a small one stay sharp.
  fileprivate func square(_ side: Int) throws -> Picture {
    let short = min(width, height)
    let middle = try rgb.cropped(
      to: Region(x: (width - short) / 2, y: (height - short) / 2, width: short, height: short),
      filling: 0)
    return try middle.resized(
      to: .init(side, side), interpolation: side >= 2 * short ? .nearest : .bilinear)
  }
}
