import ZooKit
import ZooStore

/// A table of text whose first row names the columns: RFC 4180 and its variants, with a byte order
/// mark, any line ending, and semicolons or tabs instead of commas.
struct CSV {
  struct Row {
    /// Where it begins, from 1.
    let line: Int
    let cells: [String]
  }

  let path: String
  /// `,`, `;` or a tab.
  let separator: UInt8
  let header: [String]
  private(set) var rows: [Row] = []

  private static let mostBytes = 256 << 20
  private static let mostInLine = 1 << 20
  private static let mostColumns = 4096

  /// - Parameter most: how many rows to read; nil reads all.
  init(_ path: String, most: Int? = nil) throws {
    let file = try RandomAccessFile(path)
    guard file.size <= CSV.mostBytes else {
      throw ZooError.corrupt(
        "\(path) has \(byteCount(file.size)), at most \(byteCount(CSV.mostBytes)) are read")
    }
    // The first rows may be followed by a row that is cut off; it is never reached.
    let part = most == nil ? file.size : min(file.size, 2 * CSV.mostInLine)
    var bytes = try file.read(at: 0, count: part)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    try self.init(parsing: bytes, path, most: most)
  }

  init(parsing bytes: [UInt8], _ path: String, most: Int? = nil) throws {
    var scanner = CSVScanner(bytes, path)
    scanner.separator = CSV.separator(of: bytes)
    guard let first = try scanner.row(CSV.mostInLine, CSV.mostColumns) else {
      throw ZooError.corrupt("\(path) is empty")
    }
    self.path = path
    separator = scanner.separator
    header = first.cells.map { trimmed($0[...]) }
    while rows.count < most ?? .max, let row = try scanner.row(CSV.mostInLine, CSV.mostColumns) {
      guard row.cells.count == header.count else {
        throw ZooError.corrupt(
          "\(path), line \(row.line): \(row.cells.count) cells; expected \(header.count)")
      }
      rows.append(Row(line: row.line, cells: row.cells.map { trimmed($0[...]) }))
    }
  }

  /// The most frequent one in the first line, outside quotes.
  private static func separator(of bytes: [UInt8]) -> UInt8 {
    var counts: [UInt8: Int] = [:]
    var isQuoted = false
    for byte in bytes.prefix(mostInLine) {
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      if isQuoted { continue }
      if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { break }
      counts[byte, default: 0] += 1
    }
    let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
    return candidates.max { counts[$0, default: 0] < counts[$1, default: 0] } ?? candidates[0]
  }

  /// A finite number. Tables with semicolons often use a decimal comma.
  func number(_ cell: String) -> Float? {
    var text = cell
    if separator == UInt8(ascii: ";"), cell.utf8.count(where: { $0 == UInt8(ascii: ",") }) == 1,
      !cell.contains(".")
    {
      text = cell.replacing(",", with: ".")
    }
    guard let number = Float(text), number.isFinite else { return nil }
    return number
  }
}

/// Reads the bytes of a table once, row by row.
private struct CSVScanner {
  private let bytes: [UInt8]
  private let path: String
  private var place = 0
  private var line = 1
  var separator = UInt8(ascii: ",")

  init(_ bytes: [UInt8], _ path: String) { (self.bytes, self.path) = (bytes, path) }

  private func error(_ line: Int, _ problem: String) -> ZooError {
    .corrupt("\(path), line \(line): \(problem)")
  }

  /// The next row that is not empty; nil at the end.
  mutating func row(_ mostBytes: Int, _ mostColumns: Int) throws -> CSV.Row? {
    while place < bytes.count {
      let (start, startLine) = (place, line)
      var cells: [String] = []
      var isLast = false
      while !isLast {
        let cell: String
        (cell, isLast) = try self.cell(start, startLine, mostBytes)
        cells.append(cell)
        guard cells.count <= mostColumns else {
          throw error(startLine, "more than \(mostColumns) cells")
        }
      }
      if cells.contains(where: { !$0.isEmpty }) { return CSV.Row(line: startLine, cells: cells) }
    }
    return nil
  }

  /// A cell, and whether its row ends with it.
  private mutating func cell(_ start: Int, _ startLine: Int, _ mostBytes: Int) throws
    -> (String, isLast: Bool)
  {
    let quote = UInt8(ascii: "\"")
    var text: [UInt8] = []
    var isQuoted = false
    if place < bytes.count, bytes[place] == quote {
      isQuoted = true
      place += 1
      while true {
        guard place < bytes.count else { throw error(startLine, "a quote is not closed") }
        guard place - start <= mostBytes else {
          throw error(startLine, "longer than \(byteCount(mostBytes))")
        }
        let byte = bytes[place]
        place += 1
        if byte == quote {
          guard place < bytes.count, bytes[place] == quote else { break }
          place += 1
        } else if byte == UInt8(ascii: "\n") {
          line += 1
        }
        text.append(byte)
      }
    }
    while true {
      guard place - start <= mostBytes else {
        throw error(startLine, "longer than \(byteCount(mostBytes))")
      }
      guard place < bytes.count else { return (try string(text, startLine), true) }
      let byte = bytes[place]
      place += 1
      switch byte {
      case separator: return (try string(text, startLine), false)
      case UInt8(ascii: "\r"), UInt8(ascii: "\n"):
        if byte == UInt8(ascii: "\r"), place < bytes.count, bytes[place] == UInt8(ascii: "\n") {
          place += 1
        }
        line += 1
        return (try string(text, startLine), true)
      case UInt8(ascii: " ") where isQuoted: continue
      default:
        guard !isQuoted else { throw error(startLine, "text after a closing quote") }
        text.append(byte)
      }
    }
  }

  private func string(_ bytes: [UInt8], _ line: Int) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw error(line, "not UTF-8")
    }
    return text
  }
}
