import Glibc

/// The one typeface of the drawings: a sans serif of single strokes, drawn with a round pen, so
/// that no font file is needed. It has ASCII and the letters of western Europe; whatever else there
/// is becomes a box.
public enum Typeface {
  /// Units of the drawing in the size of the type.
  static let em = 21.0
  /// The pen's width, in units.
  static let pen = 2.0

  /// How far a line of text reaches, in pixels.
  public static func width(of text: String, size: Double) -> Double {
    text.reduce(0) { $0 + glyph($1).advance } * size / em
  }

  /// From the baseline to the top of a capital, in pixels.
  public static func capHeight(size: Double) -> Double { Grid(size: size).capHeight }

  /// The text, with its end replaced by an ellipsis where it is too long.
  public static func shortened(_ text: String, to width: Double, size: Double) -> String {
    guard Typeface.width(of: text, size: size) > width else { return text }
    var rest = width - Typeface.width(of: "…", size: size)
    var kept = ""
    for character in text {
      rest -= glyph(character).advance * size / em
      guard rest >= 0 else { break }
      kept.append(character)
    }
    while kept.last == " " { kept.removeLast() }
    return kept + "…"
  }

  static func glyph(_ character: Character) -> Glyph { glyphs[character] ?? unknown }

  private static let unknown = Glyph(sides: "ss", strokes: "0,0 0,13 7,13 7,0 0,0")
  static let glyphs: [Character: Glyph] = {
    var glyphs: [Character: Glyph] = [" ": Glyph(strokes: [], advance: 6)]
    for line in drawing.split(separator: "\n") {
      guard let character = line.first else { continue }
      let fields = line.dropFirst(2).split(separator: " ", maxSplits: 1)
      guard fields.count == 2 else { continue }
      glyphs[character] = Glyph(sides: fields[0], strokes: fields[1])
    }
    glyphs["\u{A0}"] = glyphs[" "]
    var marks: [Character: [Glyph.Stroke]] = [:]
    for line in Typeface.marks.split(separator: "\n") {
      if let mark = line.first { marks[mark] = Glyph.strokes(line.dropFirst(2)) }
    }
    for letter in accented.split(whereSeparator: \.isWhitespace).map(Array.init) {
      guard letter.count == 3, let base = glyphs[letter[1]], let mark = marks[letter[2]] else {
        continue
      }
      let rise: Double = letter[1].isUppercase && letter[2] != "¸" ? 4 : 0
      glyphs[letter[0]] = base.adding(mark, raisedBy: rise)
    }
    return glyphs
  }()
}

/// A character as strokes, in units of the drawing, y upwards.
struct Glyph {
  /// Where a stroke starts, and the cubic Bézier curves it goes on with.
  struct Stroke {
    var start: Path.Point
    var curves: [(Path.Point, Path.Point, Path.Point)] = []

    func moved(by shift: Path.Point) -> Stroke {
      Stroke(
        start: start + shift, curves: curves.map { ($0 + shift, $1 + shift, $2 + shift) })
    }
  }

  let strokes: [Stroke]
  let advance: Double

  init(strokes: [Stroke], advance: Double) {
    (self.strokes, self.advance) = (strokes, advance)
  }

  /// See ``Typeface/drawing``.
  init(sides: Substring, strokes text: Substring) {
    let strokes = Glyph.strokes(text)
    let extent = Glyph.extent(strokes)
    let spaces: [Character: Double] = ["s": 2.4, "r": 1.9, "o": 1.4]
    var left = spaces[sides.first ?? "s"]
    let right = spaces[sides.last ?? "s"]
    let advance: Double
    if let left, let right {
      advance = left + extent.upperBound - extent.lowerBound + right
    } else {
      advance = 12
      left = (advance - extent.upperBound + extent.lowerBound) / 2
    }
    let shift = Path.Point((left ?? 0) - extent.lowerBound, 0)
    self.init(strokes: strokes.map { $0.moved(by: shift) }, advance: advance)
  }

  /// From the leftmost to the rightmost end of a curve.
  private static func extent(_ strokes: [Stroke]) -> ClosedRange<Double> {
    let ends = strokes.flatMap { [$0.start.x] + $0.curves.map(\.2.x) }
    return (ends.min() ?? 0)...(ends.max() ?? 0)
  }

  func adding(_ mark: [Stroke], raisedBy rise: Double) -> Glyph {
    let middle = (Glyph.extent(strokes).lowerBound + Glyph.extent(strokes).upperBound) / 2
    let mark = mark.map { $0.moved(by: [middle, rise]) }
    // A mark may be wider than its letter.
    let reach = Glyph.extent(mark)
    let missing = max(0, 1.2 - reach.lowerBound, reach.upperBound - advance + 1.2)
    return Glyph(
      strokes: (strokes + mark).map { $0.moved(by: [missing, 0]) },
      advance: advance + 2 * missing)
  }

  static func strokes(_ text: Substring) -> [Stroke] {
    text.split(separator: "|").compactMap { text in
      let words = text.split(separator: " ")
      guard let first = words.first, let start = point(first) else { return nil }
      var stroke = Stroke(start: start)
      var at = start
      for word in words.dropFirst() {
        guard let curve = curve(from: at, word) else { return nil }
        stroke.curves.append(curve)
        at = curve.2
      }
      return stroke
    }
  }

  private static func point(_ text: Substring) -> Path.Point? {
    let numbers = text.split(separator: ",").compactMap { Double($0) }
    return numbers.count == 2 ? [numbers[0], numbers[1]] : nil
  }

  private static func curve(
    from start: Path.Point, _ word: Substring
  ) -> (Path.Point, Path.Point, Path.Point)? {
    let points = word.split(separator: "~")
    let isArc = word.hasPrefix("h") || word.hasPrefix("v")
    guard let last = points.last, let end = point(isArc ? last.dropFirst() : last) else {
      return nil
    }
    if isArc {
      // Rounder than a circle, whose share is 0.552: bowls keep their room at small sizes.
      let share = 0.58
      let corner: Path.Point = word.hasPrefix("h") ? [end.x, start.y] : [start.x, end.y]
      return (start + share * (corner - start), end + share * (corner - end), end)
    }
    let bend = points.count == 2 ? point(points[0]) : (start + end) / 2
    guard let bend else { return nil }
    return (start + 2 / 3 * (bend - start), end + 2 / 3 * (bend - end), end)
  }
}

/// From units of the drawing to pixels, the heights that letters share moved to where pixels end:
/// what makes small text crisp.
struct Grid {
  let scale: Double
  let penWidth: Double
  /// Heights of the pen's middle, and where they go.
  private let heights: [(from: Double, to: Double)]

  init(size: Double) {
    let scale = size / Typeface.em
    let penWidth = max(Typeface.pen * scale, 1)
    (self.scale, self.penWidth) = (scale, penWidth)
    heights = [0, 9, 13].map { height in
      let top = height > 0 ? (height * scale + penWidth).rounded() : penWidth
      return (height, top - penWidth / 2)
    }
  }

  var capHeight: Double { heights[2].to + penWidth / 2 }

  func height(_ y: Double) -> Double {
    let (base, x, cap) = (heights[0], heights[1], heights[2])
    if y <= base.from { return base.to + y * scale }
    if y >= cap.from { return cap.to + (y - cap.from) * scale }
    let (low, high) = y < x.from ? (base, x) : (x, cap)
    return low.to + (y - low.from) * (high.to - low.to) / (high.from - low.from)
  }
}
