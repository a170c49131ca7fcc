import ModelZoo

/// A CSV table (RFC 4180).
struct CommaSeparated {
  private var bytes: [UInt8] = []

  mutating func add(_ cells: [String]) {
    bytes += cells.map(CommaSeparated.quoted).joined(separator: ",").utf8
    bytes += "\r\n".utf8
  }

  /// Writes the whole file or nothing.
  func write(to path: String) throws {
    try Publication.write(to: path) { try $0.append(bytes) }
  }

  private static func quoted(_ cell: String) -> String {
    guard cell.contains(where: { ",\"\r\n".contains($0) || $0.isNewline }) else { return cell }
    return "\""
      + cell.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}
