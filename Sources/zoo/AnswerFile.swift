import ModelZoo

/// A CSV table of predictions that grows picture by picture. However the program ends, the file holds
/// whole pictures, and a later run can go on.
final class AnswerFile {
  /// The pictures that are in it already.
  let done: Set<String>
  private let file: GrowingFile

  /// - Parameters:
  ///   - columns: the titles beside the picture's.
  ///   - resuming: whether to go on after the pictures of an earlier run.
  init(_ path: String, columns: [String], resuming: Bool) throws {
    let header = CommaSeparated.line(["image"] + columns)
    guard resuming, let old = try? RandomAccessFile(path), old.size > 0 else {
      file = try GrowingFile(path, size: 0)
      done = []
      try file.append(header)
      return
    }
    let bytes = try old.read(at: 0, count: old.size)
    guard bytes.starts(with: header) else {
      let first = String(decoding: bytes.prefix { $0 != 10 && $0 != 13 }.prefix(200), as: UTF8.self)
      throw ZooError.corrupt(
        "\(path) cannot be resumed: its first line is “\(first)”; "
          + "expected “\(String(decoding: header.dropLast(2), as: UTF8.self))”")
    }
    let rows = CommaSeparated.rows(of: bytes[header.count...])
    // Rows of the last picture may be missing, so it is done again.
    let whole = rows.firstIndex { $0.image == rows.last?.image } ?? 0
    done = Set(rows[..<whole].map { $0.image })
    file = try GrowingFile(path, size: whole == 0 ? header.count : rows[whole - 1].end)
  }

  /// Appends all rows of a picture, or none.
  func add(_ rows: [[String]], of image: String) throws {
    let start = file.size
    do {
      try file.append(rows.flatMap { CommaSeparated.line([image] + $0) })
    } catch {
      try? file.cut(to: start)
      throw error
    }
  }

  /// Waits until everything is on disk.
  func finish() throws { try file.sync() }
}
