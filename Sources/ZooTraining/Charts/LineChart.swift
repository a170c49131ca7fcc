import Glibc
import ZooKit
import ZooStore

/// Lines that are labelled directly, without a legend.
///
/// It is drawn for the narrowest screen and scales up, so that its text is readable on a phone.
package struct LineChart {
  package struct Axis {
    let range: ClosedRange<Double>
    let ticks: [Double]
    let title: String
    let text: (Double) -> String

    /// Shares as percent.
    package static func share(_ title: String, from low: Double = 0) -> Axis {
      let step = low < 0.5 ? 0.25 : 0.1
      return Axis(
        range: low...1, ticks: Array(stride(from: 1, to: low - 1e-9, by: -step)), title: title
      ) { "\(decimal($0 * 100, digits: 0)) %" }
    }

    /// From zero to a round number above all values.
    package static func amount(_ title: String, to most: Double) -> Axis {
      let power = pow(10, floor(log10(max(most, 1e-6) / 3)))
      let step = [1, 2, 5, 10].map { $0 * power }.first { $0 * 4 >= most } ?? most
      let steps = max(1, Int((most / step).rounded(.up)))
      return Axis(
        range: 0...step * Double(steps), ticks: (0...steps).map { step * Double($0) }, title: title
      ) { decimal($0, digits: max(0, Int((-log10(step)).rounded(.up)))) }
    }

    /// From a round number below the values to one above them.
    package static func spanning(_ title: String, _ values: [Double]) -> Axis {
      let (low, high) = (values.min() ?? 0, values.max() ?? 1)
      let range = high > low ? high - low : max(abs(high) / 2, 1e-3)
      let power = pow(10, floor(log10(range / 3)))
      let step = [1, 2, 5, 10].map { $0 * power }.first { $0 * 4 >= range } ?? range
      let (first, last) = ((low / step).rounded(.down), (high / step).rounded(.up))
      let digits = max(0, Int((-log10(step)).rounded(.up)))
      return Axis(
        range: first * step...max(last, first + 1) * step,
        ticks: stride(from: first, through: max(last, first + 1), by: 1).map { $0 * step },
        title: title
      ) { size in step < 1e-4 || step >= 1e6 ? "\(Float(size))" : decimal(size, digits: digits) }
    }

    /// Without ticks, for places whose numbers mean nothing.
    package static func bare(_ values: [Double]) -> Axis {
      let (low, high) = (values.min() ?? 0, values.max() ?? 1)
      let margin = max(0.04 * (high - low), 1e-9)
      return Axis(range: low - margin...high + margin, ticks: [], title: "") { _ in "" }
    }

    /// Whole numbers from the first to the last.
    package static func count(_ title: String, to last: Int) -> Axis {
      let step = [1, 2, 5, 10, 20, 50, 100, 200, 500].first { $0 * 5 >= last } ?? last
      let ticks = [1] + Array(stride(from: step, through: last, by: step)).filter { $0 > 1 }
      return Axis(
        range: 1...Double(max(2, last)), ticks: ticks.map(Double.init), title: title
      ) { decimal($0, digits: 0) }
    }
  }

  package struct Line {
    let name: String
    let note: String
    let points: [SIMD2<Double>]
    let isOurs: Bool
    /// A point with a ring around it.
    let ring: SIMD2<Double>?
    /// The position along x of the label, above our line and below the other; else after the line's
    /// end.
    let nameAt: Double?
    /// In place of the page's colours.
    let colour: String?
    /// A dot for each point instead of a line through them.
    let isDots: Bool

    /// Values that are not finite, such as those of epochs without validation, are left out.
    /// A line without a name has no label.
    package init(
      name: String = "", note: String = "", points: [SIMD2<Double>], isOurs: Bool = true,
      ring: SIMD2<Double>? = nil, nameAt: Double? = nil, colour: String? = nil,
      isDots: Bool = false
    ) {
      self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
      (self.name, self.note, self.isOurs) = (name, note, isOurs)
      (self.ring, self.nameAt) = (ring, nameAt)
      (self.colour, self.isDots) = (colour, isDots)
    }
  }

  /// A place of the plane with a ring and a word, such as a threshold.
  package struct Mark {
    let point: SIMD2<Double>
    let name: String

    package init(_ point: SIMD2<Double>, _ name: String) { (self.point, self.name) = (point, name) }
  }

  /// The description, for screen readers.
  let title: String
  let x, y: Axis
  let lines: [Line]
  /// The label of a line from corner to corner, the result of guessing.
  let diagonal: String?
  let marks: [Mark]
  /// A value of y with a line across.
  let level: Double?

  package init(
    title: String, x: Axis, y: Axis, lines: [Line], diagonal: String? = nil, marks: [Mark] = [],
    level: Double? = nil
  ) {
    (self.title, self.x, self.y, self.lines) = (title, x, y, lines)
    (self.diagonal, self.marks, self.level) = (diagonal, marks, level)
  }

  static let size = SIMD2(400.0, 268.0)
  private static let (left, top, bottom) = (40.0, 30.0, 230.0)
  private var right: Double {
    lines.allSatisfy { $0.nameAt != nil || $0.name.isEmpty } ? 388 : 300
  }

  private func place(_ point: SIMD2<Double>) -> SIMD2<Double> {
    let share = SIMD2(
      (point.x - x.range.lowerBound) / (x.range.upperBound - x.range.lowerBound),
      (point.y - y.range.lowerBound) / (y.range.upperBound - y.range.lowerBound))
    return SIMD2(
      LineChart.left + share.x * (right - LineChart.left),
      LineChart.bottom - min(max(share.y, 0), 1) * (LineChart.bottom - LineChart.top))
  }

  package var markup: Markup {
    """
    <svg viewBox="0 0 \(text(LineChart.size.x)) \(text(LineChart.size.y))" role="img" \
    aria-label="\(title)">
    \(content)</svg>
    """
  }

  /// The content of the SVG element.
  var content: Markup {
    // Ours is drawn last, on top.
    let drawn = lines.sorted { !$0.isOurs && $1.isOurs }
    return "\(grid)\(drawn.map(curve))\(names)\(rings)"
  }

  /// The word is beside the ring, on the side with more room, below those that are there already.
  private var rings: [Markup] {
    var last: [Bool: Double] = [:]
    return marks.map { (mark: $0, point: place($0.point)) }.sorted { $0.point.y < $1.point.y }.map {
      let (mark, point) = $0
      let isLeft = point.x > (LineChart.left + right) / 2
      // Near the bottom it is above, so that it does not touch the axis.
      let level = point.y + (point.y > LineChart.bottom - 24 ? -8.0 : 16)
      let line = max(level, last[isLeft].map { $0 + 15 } ?? level)
      last[isLeft] = line
      return """
        <circle class="ours" cx="\(text(point.x))" cy="\(text(point.y))" r="4.5"/>\
        <text class="note" x="\(text(point.x + (isLeft ? -9 : 9)))" y="\(text(line))" \
        text-anchor="\(isLeft ? "end" : "start")">\(mark.name)</text>

        """
    }
  }

  private var grid: Markup {
    let rows: [Markup] = y.ticks.map { tick in
      let level = place(SIMD2(x.range.lowerBound, tick)).y
      return """
        <path class="grid" d="M\(text(LineChart.left)) \(text(level))H\(text(right))"/>\
        <text class="tick" x="\(text(LineChart.left - 7))" y="\(text(level + 4))" \
        text-anchor="end">\(y.text(tick))</text>

        """
    }
    let columns: [Markup] = x.ticks.map { tick in
      """
      <text class="tick" x="\(text(place(SIMD2(tick, 0)).x))" y="\(text(LineChart.bottom + 17))" \
      text-anchor="middle">\(x.text(tick))</text>

      """
    }
    let titles: Markup = """
      <text class="tick" x="0" y="10">\(y.title)</text>\
      <text class="tick" x="\(text(right))" y="\(text(LineChart.bottom + 34))" \
      text-anchor="end">\(x.title)</text>

      """
    var across: Markup = ""
    if let level {
      across = """
        <path class="guess" d="M\(text(LineChart.left)) \(text(place(SIMD2(x.range.lowerBound, level)).y))\
        H\(text(right))"/>

        """
    }
    guard let diagonal else { return "\(rows)\(columns)\(titles)\(across)" }
    let (from, to) = (
      place(SIMD2(x.range.lowerBound, y.range.lowerBound)),
      place(SIMD2(x.range.upperBound, y.range.upperBound))
    )
    let angle = atan2(to.y - from.y, to.x - from.x) * 180 / .pi
    // Near the beginning, where curves seldom are.
    let middle = from + 0.24 * (to - from) + SIMD2(6, 14)
    return """
      \(rows)\(columns)\(titles)<path class="guess" d="\(path([from, to]))"/>\
      <text class="tick" text-anchor="middle" transform="translate(\(text(middle.x)) \
      \(text(middle.y))) rotate(\(text(angle)))">\(diagonal)</text>

      """
  }

  private func curve(_ line: Line) -> Markup {
    let kind = line.isOurs ? "ours" : "other"
    let points = line.points.map(place)
    let style: Markup = line.colour.map { " style=\"--accent:\($0)\"" } ?? ""
    var mark: Markup = ""
    if line.isDots {
      let radius = text(points.count <= 100 ? 3.4 : 2.2)
      let dots: [Markup] = points.map {
        "<circle cx=\"\(text($0.x))\" cy=\"\(text($0.y))\" r=\"\(radius)\"/>"
      }
      return "<g class=\"dots \(kind)\"\(style)>\(dots)</g>\n"
    }
    if let ring = line.ring.map(place) {
      mark = """
        <circle class="\(kind)"\(style) cx="\(text(ring.x))" cy="\(text(ring.y))" r="4.5"/>
        """
    }
    guard points.count > 1 else { return "\(mark)\n" }
    return """
      <path class="line \(kind)"\(style) d="\(path(thinned(points)))"/>\(mark)

      """
  }

  /// Without the points that no eye tells apart: a curve of a hundred thousand scores is as small as
  /// one of a thousand.
  private func thinned(_ points: [SIMD2<Double>]) -> [SIMD2<Double>] {
    var kept = Array(points.prefix(1))
    for point in points.dropFirst().dropLast() {
      guard let last = kept.last, abs(point.x - last.x) + abs(point.y - last.y) >= 0.5 else {
        continue
      }
      kept.append(point)
    }
    return kept + points.dropFirst().suffix(1)
  }

  private var names: [Markup] {
    zip(lines, levels).map { line, level in
      guard !line.name.isEmpty else { return "" }
      let kind = line.isOurs ? "ours" : "other"
      guard let at = line.nameAt else {
        let left = place(line.points.last ?? SIMD2(0, 0)).x + 9
        return words(line, kind, SIMD2(left, level))
      }
      let point = place(SIMD2(at, line.points.filter { $0.x <= at }.map(\.y).max() ?? 0))
      guard line.isOurs else { return words(line, kind, point + SIMD2(6, 20)) }
      return """
        <path class="leader" d="\(path([SIMD2(point.x, LineChart.top - 8), point]))"/>\
        <text x="\(text(point.x))" y="\(text(LineChart.top - 13))" text-anchor="middle">\
        <tspan class="name ours">\(line.name)</tspan> <tspan>\(line.note)</tspan></text>

        """
    }
  }

  private func words(_ line: Line, _ kind: String, _ place: SIMD2<Double>) -> Markup {
    """
    <text class="name \(kind)" x="\(text(place.x))" y="\(text(place.y + 1))">\(line.name)</text>\
    <text class="note" x="\(text(place.x))" y="\(text(place.y + 16))">\(line.note)</text>

    """
  }

  /// The heights of the labels after the ends: two lines of text each, far enough apart.
  private var levels: [Double] {
    let (least, lowest) = (34.0, LineChart.bottom - 18)
    var levels = lines.map { place($0.points.last ?? SIMD2(0, 0)).y }
    let order = levels.indices.sorted { levels[$0] < levels[$1] }
    for (above, below) in zip(order, order.dropFirst()) {
      levels[below] = max(levels[below], levels[above] + least)
    }
    if let last = order.last { levels[last] = min(levels[last], lowest) }
    for (below, above) in zip(order.reversed(), order.reversed().dropFirst()) {
      levels[above] = min(levels[above], levels[below] - least)
    }
    return levels
  }

  private func path(_ points: [SIMD2<Double>]) -> String {
    "M" + points.map { "\(text($0.x)) \(text($0.y))" }.joined(separator: "L")
  }

  private func text(_ number: Double) -> String { decimal(number, digits: 1) }
}

extension LineChart {
  /// The style of charts, in the colours of the page around them.
  package static let style = """
    svg text { font-size: 11.5px; fill: var(--soft); }
    svg .name, svg tspan.name { font-size: 12.5px; font-weight: 620; }
    svg .name.ours { fill: var(--accent-text); }
    svg .name.other { fill: var(--soft); }
    svg .name, svg .note { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
    svg .name, svg .note { stroke-linejoin: round; }
    svg .grid { stroke: var(--line); fill: none; }
    svg .guess { stroke: var(--other); stroke-width: 1.1; stroke-dasharray: 4 4; fill: none; }
    svg .leader { stroke: var(--accent); stroke-width: 1; fill: none; }
    svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
    svg .line.ours { stroke: var(--accent); stroke-width: 2.6; }
    svg .line.other { stroke: var(--other); }
    svg circle { fill: var(--paper); stroke-width: 2.2; }
    svg .dots circle { stroke: none; fill-opacity: 0.55; }
    svg .dots.ours circle { fill: var(--accent); }
    svg .dots.other circle { fill: var(--other); }
    svg circle.ours { stroke: var(--accent); }
    svg circle.other { stroke: var(--other); }
    """
}
