import ZooKit
import ZooStore

/// Aligned columns of text.
///
/// ```swift
/// var table = Table("name", .right("parameters"), .filling("licence"))
/// table.add("resnet18", "11,689,512", "BSD-3-Clause")
/// print(table.text())
/// ```
public struct Table: Sendable {
  public struct Column: Sendable, ExpressibleByStringLiteral {
    let title: String
    var isRight = false
    var gives = false

    public init(stringLiteral title: String) { self.title = title }

    /// Right-aligned, for numbers.
    public static func right(_ title: String) -> Column {
      var column = Column(stringLiteral: title)
      column.isRight = true
      return column
    }

    /// Narrowed first if the terminal is too narrow.
    public static func filling(_ title: String) -> Column {
      var column = Column(stringLiteral: title)
      column.gives = true
      return column
    }
  }

  private let columns: [Column]
  private var rows: [[String]] = []
  /// The rows below a line, such as a row of totals.
  private var ruled: Set<Int> = []

  public init(_ columns: Column...) { self.columns = columns }
  public init(_ columns: [Column]) { self.columns = columns }

  public var count: Int { rows.count }

  /// Missing cells stay empty, and extra cells are dropped. Control characters become question
  /// marks, because cells may come from files.
  public mutating func add(_ cells: String...) { add(cells) }

  public mutating func add(_ cells: [String]) {
    let missing = max(0, columns.count - cells.count)
    rows.append(
      cells.prefix(columns.count).map(\.printable) + Array(repeating: "", count: missing))
  }

  /// Draws a line above the next row.
  public mutating func rule() { ruled.insert(rows.count) }

  /// The table, without a final newline and, if all titles are empty, without a title row. Cells
  /// are cut only for a terminal, never in a file or pipe.
  public func text(for terminal: Terminal = .output) -> String {
    let widths = widths(within: terminal.isTerminal ? terminal.width : .max)
    let titles = columns.map(\.title)
    var lines = titles.allSatisfy(\.isEmpty) ? [] : [terminal.bold(line(titles, widths))]
    let rule = terminal.dim(
      String(repeating: "─", count: widths.reduce(0, +) + 2 * max(0, widths.count - 1)))
    for (index, row) in rows.enumerated() {
      if ruled.contains(index) { lines.append(rule) }
      lines.append(line(row, widths))
    }
    return lines.joined(separator: "\n")
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    let padded = zip(columns, zip(cells, widths)).map { column, cell in
      cell.0.truncated(to: cell.1).padded(to: cell.1, right: column.isRight)
    }
    var line = padded.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }

  /// Natural widths; a table that is too wide is narrowed at the filling columns first, then at the
  /// widest.
  private func widths(within width: Int) -> [Int] {
    var widths = columns.indices.map { column in
      rows.reduce(columns[column].title.columns) { max($0, $1[column].columns) }
    }
    var excess = widths.reduce(2 * max(0, columns.count - 1), +) - width
    let order =
      columns.indices.filter { columns[$0].gives }
      + columns.indices.filter { !columns[$0].gives }.sorted { widths[$0] > widths[$1] }
    for column in order where excess > 0 {
      let least = min(widths[column], 8)
      let cut = min(excess, widths[column] - least)
      widths[column] -= cut
      excess -= cut
    }
    return widths
  }
}
