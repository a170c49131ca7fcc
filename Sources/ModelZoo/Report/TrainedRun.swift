import Glibc
import ZooKit
import ZooStore
import ZooTraining

/// The folder of a run that was trained, for a report.
///
/// ```swift
/// let run = try TrainedRun("run")
/// let report = try zoo.model(run.best).report(on: data, run: run)
/// ```
public struct TrainedRun: Sendable {
  public let folder: String
  /// The checkpoint of the best epoch.
  public var best: String { "\(folder)/best.h5" }
  /// Its epochs; nil if the folder has no log.
  package let log: Log?
  /// `run.json`; nil if the folder has none.
  package let record: JSON?

  /// - Throws: if the folder does not exist, or has no `best.h5`.
  public init(_ folder: String) throws {
    var path = folder
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.folder = path
    func has(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }
    guard access(path, F_OK) == 0 else { throw ZooError.notFound("\(path) does not exist") }
    guard has("best.h5") else {
      let why =
        has("fold-1")
        ? "it is a cross-validation; name one of its runs, such as \(path)/fold-1"
        : has("run.json") ? "the run has not finished an epoch" : "it is not the folder of a run"
      throw ZooError.notFound("\(path)/best.h5 does not exist: \(why)")
    }
    log = has(RunLog.tableName) ? Log(try RunLog.table(of: path)) : nil
    record = has("run.json") ? try Self.record("\(path)/run.json") : nil
  }

  private static func record(_ path: String) throws -> JSON {
    let file = try RandomAccessFile(path)
    guard file.size < 1 << 24 else { throw ZooError.corrupt("\(path) is not a record of a run") }
    return try JSON(parsing: file.read(at: 0, count: file.size), origin: path)
  }

  /// Whether a name means a run, rather than a checkpoint.
  public static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The data that it learned from, as its record says.
  public var data: String? {
    get throws {
      try record.map { _ in try Recipe(contentsOf: "\(folder)/run.json").data }
    }
  }
}

extension TrainedRun {
  /// The columns of a log, a row for each epoch.
  package struct Log: Sendable {
    package let columns: [String]
    package let rows: [[Double]]

    init(_ table: (columns: [String], rows: [[Double]])) { (columns, rows) = table }

    /// The curve in a checkpoint's record: the values of all epochs for each column.
    init(_ curve: JSON) {
      guard case .object(let members) = curve.content else {
        (columns, rows) = ([], [])
        return
      }
      let values = members.map { $0.value.list ?? [] }
      let count = values.map(\.count).max() ?? 0
      columns = members.map(\.key)
      rows = (0..<count).map { row in
        values.map { row < $0.count ? $0[row].number ?? .nan : .nan }
      }
    }

    /// Empty if there is no such column.
    package func values(of column: String) -> [Double] {
      columns.firstIndex(of: column).map { place in rows.map { $0[place] } } ?? []
    }

    /// The best epoch, from 1, the latest on ties, which the trainer keeps.
    func kept(by metric: String, _ goal: Goal) -> Int? {
      guard let column = columns.firstIndex(of: metric) else { return nil }
      var best: (epoch: Int, value: Double)?
      for (index, row) in rows.enumerated() where row[column].isFinite {
        if row[column] == best?.value || goal.isBetter(row[column], than: best?.value) {
          best = (index + 1, row[column])
        }
      }
      return best?.epoch
    }
  }
}
