/// A CSV table (RFC 4180).
package struct CommaSeparated {
  private var bytes: [UInt8] = []

  package init() {}

  package mutating func add(_ cells: [String]) { bytes += CommaSeparated.line(cells) }

  /// Writes the whole file or nothing.
  package func write(to path: String) throws {
    try Publication.write(to: path) { try $0.append(bytes) }
  }

  /// A row with its line ending.
  package static func line(_ cells: [String]) -> [UInt8] {
    Array(cells.map(quoted).joined(separator: ",").utf8) + Array("\r\n".utf8)
  }

  /// The first cell of every whole row, and where the row ends.
  package static func rows(of bytes: ArraySlice<UInt8>) -> [(image: String, end: Int)] {
    var rows: [(image: String, end: Int)] = []
    var start = bytes.startIndex
    var (isQuoted, comma) = (false, Int?.none)
    for (place, byte) in zip(bytes.indices, bytes) {
      switch byte {
      case UInt8(ascii: "\""): isQuoted.toggle()
      case UInt8(ascii: ",") where !isQuoted: comma = comma ?? place
      case UInt8(ascii: "\n") where !isQuoted:
        let cell = bytes[start..<(comma ?? place)]
        rows.append((unquoted(String(decoding: cell, as: UTF8.self)), place + 1))
        (start, comma) = (place + 1, nil)
      default: break
      }
    }
    return rows
  }

  private static func quoted(_ cell: String) -> String {
    guard cell.contains(where: { ",\"\r\n".contains($0) || $0.isNewline }) else { return cell }
    return "\"" + cell.replacing("\"", with: "\"\"") + "\""
  }

  private static func unquoted(_ cell: String) -> String {
    guard cell.hasPrefix("\"") else { return cell }
    return String(cell.dropFirst().dropLast()).replacing("\"\"", with: "\"")
  }
}
