import Glibc
import ZooKit
import ZooStore

/// The logs of a run: `log.csv` with a line per epoch, and TensorBoard's event file with every
/// step.
package final class RunLog {
  private let table: GrowingFile
  private let events: GrowingFile
  private(set) var columns: [String] = []
  private(set) var rows: [[Double]] = []

  /// The lengths of the two files. A saved state records them, and the files are truncated to them
  /// when the run resumes.
  struct Sizes: Hashable, Sendable {
    var table = 0
    var events = 0
  }

  /// Columns that are counters and get no curve.
  package static let counters: Set = ["epoch", "step"]

  package static let tableName = "log.csv"
  static let eventsName = "events.out.tfevents.0.zoo"

  init(_ folder: String, _ sizes: Sizes, _ calls: SystemCalls) throws {
    table = try GrowingFile("\(folder)/\(RunLog.tableName)", size: sizes.table, calls)
    events = try GrowingFile("\(folder)/\(RunLog.eventsName)", size: sizes.events, calls)
    try read()
    if events.size == 0 { try events.append(EventRecord.start(at: today())) }
  }

  var sizes: Sizes { Sizes(table: table.size, events: events.size) }

  /// Flushes the logs to disk before a state that refers to them is saved.
  func sync() throws {
    try table.sync()
    try events.sync()
  }

  func step(_ values: [(name: String, value: Double)], at step: Int) throws {
    try events.append(EventRecord.scalars(values, step: step, at: today()))
  }

  /// Writes a line of the table, and a point for each of its columns in TensorBoard.
  func epoch(_ values: [(name: String, value: Double)], at step: Int) throws {
    if columns.isEmpty {
      columns = values.map(\.name)
      try table.append((columns.map(RunLog.quoted).joined(separator: ",") + "\n").utf8)
    }
    guard columns == values.map(\.name) else {
      throw ZooError.failure(
        "the epoch has \(values.map(\.name).joined(separator: ", ")); "
          + "\(table.path) has \(columns.joined(separator: ", "))")
    }
    rows.append(values.map(\.value))
    try table.append((values.map { RunLog.text($0.value) }.joined(separator: ",") + "\n").utf8)
    try events.append(
      EventRecord.scalars(
        values.filter { !RunLog.counters.contains($0.name) && !$0.value.isNaN }
          .map { ("epoch/\($0.name)", $0.value) }, step: step, at: today()))
  }

  private func read() throws {
    (columns, rows) = try RunLog.table(try table.contents(), table.path)
  }

  /// The `log.csv` of a run that may have ended long ago: a row per epoch.
  package static func table(of folder: String) throws -> (columns: [String], rows: [[Double]]) {
    let path = "\(folder)/\(tableName)"
    let file = try RandomAccessFile(path)
    guard file.size < 1 << 28 else { throw ZooError.corrupt("\(path) is not the log of a run") }
    return try table(file.read(at: 0, count: file.size), path)
  }

  private static func table(_ bytes: some Collection<UInt8>, _ path: String) throws
    -> (columns: [String], rows: [[Double]])
  {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    guard let first = lines.first else { return ([], []) }
    let columns = fields(first)
    let rows = try lines.dropFirst().map { line in
      let numbers = line.split(separator: ",").compactMap { Double($0) }
      guard numbers.count == columns.count else {
        throw ZooError.corrupt(
          "\(path): a line has \(numbers.count) numbers, not \(columns.count)")
      }
      return numbers
    }
    return (columns, rows)
  }

  /// Whole numbers without a point.
  private static func text(_ value: Double) -> String {
    Int(exactly: value).map { String($0) } ?? "\(value)"
  }

  /// A name with a comma or a quote is quoted (RFC 4180).
  private static func quoted(_ name: String) -> String {
    guard name.contains(where: { ",\"\n\r".contains($0) }) else { return name }
    return "\""
      + name.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"").filter { !$0.isNewline } + "\""
  }

  private static func fields(_ line: Substring) -> [String] {
    var (fields, isQuoted) = ([""], false)
    var before: Character?
    for character in line {
      switch character {
      case "\"":
        if !isQuoted, before == "\"" { fields[fields.count - 1].append("\"") }
        isQuoted.toggle()
      case "," where !isQuoted: fields.append("")
      default: fields[fields.count - 1].append(character)
      }
      before = character
    }
    return fields
  }
}

/// Seconds since 1970.
private func today() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
