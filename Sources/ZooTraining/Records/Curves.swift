import ZooKit

/// A log as a picture: one small chart for each column over the epochs, in SVG.
enum Curves {
  private static let (width, height, margin) = (320.0, 160.0, 44.0)

  static func svg(_ columns: [String], _ rows: [[Double]], skipping: Set<String>) -> String {
    let shown = columns.indices.filter { !skipping.contains(columns[$0]) }
    let perRow = 2
    let lines = (shown.count + perRow - 1) / perRow
    let size = (width * Double(min(perRow, max(1, shown.count))), height * Double(max(1, lines)))
    var svg = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(text(size.0)) \(text(size.1))" \
      font-family="sans-serif" font-size="11">
      <rect width="100%" height="100%" fill="white"/>

      """
    for (place, column) in shown.enumerated() {
      let (x, y) = (Double(place % perRow) * width, Double(place / perRow) * height)
      svg += "<g transform=\"translate(\(text(x)) \(text(y)))\">\n"
      svg += chart(columns[column], rows.map { $0[column] })
      svg += "</g>\n"
    }
    return svg + "</svg>\n"
  }

  private static func chart(_ name: String, _ values: [Double]) -> String {
    let known = values.filter(\.isFinite)
    let (low, high) = (known.min() ?? 0, known.max() ?? 1)
    let range = high > low ? high - low : 1
    let (left, right, top, bottom) = (margin, width - 12, 26.0, height - 24)
    func x(_ index: Int) -> Double {
      values.count < 2
        ? (left + right) / 2 : left + (right - left) * Double(index) / Double(values.count - 1)
    }
    func y(_ value: Double) -> Double {
      high > low ? bottom - (bottom - top) * (value - low) / range : (top + bottom) / 2
    }
    let points = values.indices.filter { values[$0].isFinite }.map { (x($0), y(values[$0])) }
    var svg = """
      <text x="\(text(left))" y="16" font-weight="bold">\(escaped(name))</text>
      <path d="M\(text(left)) \(text(top))V\(text(bottom))H\(text(right))" fill="none" \
      stroke="#999"/>
      <text x="\(text(left - 4))" y="\(text(bottom))" text-anchor="end">\(short(low))</text>
      <text x="\(text(left - 4))" y="\(text(top + 4))" text-anchor="end">\(short(high))</text>
      <text x="\(text(right))" y="\(text(height - 8))" text-anchor="end">\(values.count)</text>

      """
    if points.count == 1 {
      svg += "<circle cx=\"\(text(points[0].0))\" cy=\"\(text(points[0].1))\" r=\"2\"/>\n"
    } else if !points.isEmpty {
      let path = points.map { "\(text($0.0)) \(text($0.1))" }.joined(separator: "L")
      svg += "<path d=\"M\(path)\" fill=\"none\" stroke=\"#06c\" stroke-width=\"1.5\"/>\n"
    }
    return svg
  }

  private static func text(_ number: Double) -> String { decimal(number, digits: 1) }

  /// Three digits that matter.
  private static func short(_ number: Double) -> String {
    let size = number.magnitude
    if size != 0, size < 1e-3 || size >= 1e6 { return "\(Float(number))" }
    return decimal(number, digits: size < 1 ? 4 : size < 100 ? 2 : 0)
  }

  private static func escaped(_ text: String) -> String {
    text.map { character in
      switch character {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      default: String(character)
      }
    }.joined()
  }
}
