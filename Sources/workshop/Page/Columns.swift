import ModelZoo

/// A CSV table (RFC 4180): the output of `--csv`, or the log of a run.
struct Columns {
  let names: [String]
  let rows: [[String]]
  private let path: String

  init(contentsOf path: String) throws {
    var rows = Columns.cells(try text(of: path))
    guard !rows.isEmpty else { throw ZooError.corrupt("\(path) is empty") }
    names = rows.removeFirst()
    if let odd = rows.firstIndex(where: { [names] in $0.count != names.count }) {
      throw ZooError.corrupt(
        "\(path): row \(odd + 1) has \(rows[odd].count) cells; expected \(names.count)")
    }
    self.rows = rows
    self.path = path
  }

  /// A column by its name.
  subscript(name: String) -> [String] {
    get throws {
      guard let column = names.firstIndex(of: name) else {
        throw ZooError.corrupt(
          "\(path) has no column \(name), but \(names.joined(separator: ", "))")
      }
      return rows.map { $0[column] }
    }
  }

  func numbers(_ name: String) throws -> [Double] {
    try self[name].map { cell in
      guard let number = Double(cell) else {
        throw ZooError.corrupt("\(path): “\(cell)” in the column \(name) is no number")
      }
      return number
    }
  }

  /// A quote inside quotes is doubled.
  private static func cells(_ text: String) -> [[String]] {
    var (rows, row, cell): ([[String]], [String], String) = ([], [], "")
    var (isQuoted, wasQuote) = (false, false)
    for character in text {
      if isQuoted {
        isQuoted = character != "\""
        wasQuote = !isQuoted
        if isQuoted { cell.append(character) }
        continue
      }
      switch character {
      case "\"":
        if wasQuote { cell.append(character) }
        isQuoted = true
      case ",":
        row.append(cell)
        cell = ""
      case "\n", "\r\n":
        rows.append(row + [cell])
        (row, cell) = ([], "")
      default: cell.append(character)
      }
      wasQuote = false
    }
    if !cell.isEmpty || !row.isEmpty { rows.append(row + [cell]) }
    return rows
  }
}

/// The text of a small file.
func text(of path: String) throws -> String {
  let file = try RandomAccessFile(path)
  return String(decoding: try file.read(at: 0, count: file.size), as: UTF8.self)
}
