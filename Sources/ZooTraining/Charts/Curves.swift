import ZooKit
import ZooStore

/// A log as a picture: a chart for each column over the epochs, in SVG.
package enum Curves {
  private static let perRow = 2
  private static let gap = SIMD2(32.0, 28.0)

  static func svg(_ columns: [String], _ rows: [[Double]], skipping: Set<String>) -> String {
    let shown = columns.indices.filter { !skipping.contains(columns[$0]) }
    let step = LineChart.size + gap
    let charts: [Markup] = shown.enumerated().map { place, column in
      let corner = gap + step * SIMD2(Double(place % perRow), Double(place / perRow))
      let chart = chart(of: columns[column], rows.map { $0[column] })
      return """
        <g transform="translate(\(text(corner.x)) \(text(corner.y)))">
        \(chart.content)</g>

        """
    }
    let lines = max(1, (shown.count + perRow - 1) / perRow)
    let size = gap + step * SIMD2(Double(min(perRow, max(1, shown.count))), Double(lines))
    let picture: Markup = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(text(size.x)) \(text(size.y))" \
      font-family="sans-serif">
      <style>
      svg {
        --paper: #fff; --soft: #656b75; --line: #e5e6e3; --other: #8b919b;
        --accent: #06c; --accent-text: #06c;
      }
      \(Markup(stringLiteral: LineChart.style))
      </style>
      <rect width="100%" height="100%" fill="#fff"/>
      \(charts)</svg>

      """
    return picture.text
  }

  /// The last value is printed at the end of the line.
  /// - Parameters:
  ///   - name: of the column.
  ///   - values: of every epoch.
  ///   - kept: the epoch, from 1, that gets a ring.
  package static func chart(of name: String, _ values: [Double], kept: Int? = nil) -> LineChart {
    let points = values.enumerated().map { SIMD2(Double($0.offset + 1), $0.element) }
    let known = points.filter { $0.y.isFinite }
    return LineChart(
      title: name, x: .count("epoch", to: values.count), y: .spanning(name, known.map(\.y)),
      lines: known.last.map { last in
        [
          LineChart.Line(
            name: short(last.y), note: "", points: known, isOurs: true,
            ring: known.first { Int($0.x) == kept } ?? (known.count == 1 ? last : nil))
        ]
      } ?? [])
  }

  private static func text(_ number: Double) -> String { decimal(number, digits: 1) }

  /// Three significant digits.
  package static func short(_ number: Double) -> String {
    let size = number.magnitude
    if size != 0, size < 1e-3 || size >= 1e6 {
      return (number < 0 ? "-" : "") + scientific(size)
    }
    return decimal(number, digits: size < 1 ? 4 : size < 100 ? 2 : 0)
  }
}
