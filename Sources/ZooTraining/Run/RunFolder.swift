import Glibc
import ZooKit
import ZooStore

/// The folder of a run:
///
/// - `best.h5`: a checkpoint of the best epoch.
/// - `last.h5`: the latest weights and the state needed to resume.
/// - `run.json`: everything needed to repeat the run.
/// - `log.csv`, `curves.svg`: its epochs, as numbers and drawn.
/// - `events.out.tfevents.0.zoo`: its steps, for TensorBoard.
///
/// Files appear whole or not at all. The two logs are appended to, and truncated to the saved state
/// when a run resumes.
final class RunFolder {
  private static let recordName = "run.json"

  let path: String
  let calls: SystemCalls
  private let lock: FolderLock
  private let isNew: Bool
  private let entriesBefore: Set<String>
  /// Whether it contains anything worth keeping: a step was taken, or the run existed before.
  var isBegun: Bool

  var best: String { "\(path)/best.h5" }
  var last: String { "\(path)/last.h5" }
  var record: String { "\(path)/\(RunFolder.recordName)" }
  var curves: String { "\(path)/curves.svg" }

  init(_ path: String, resuming: Bool, _ calls: SystemCalls) throws {
    self.path = path
    self.calls = calls
    if resuming, access(path, F_OK) != 0 { throw ZooError.notFound("\(path) does not exist") }
    isNew = mkdir(path, 0o777) == 0
    guard isNew || errno == EEXIST else {
      throw ZooError.cannotCreate("cannot create \(path): \(explain(errno))")
    }
    isBegun = resuming
    entriesBefore = Set(entries(of: path))
    lock = try FolderLock(path, "training")
    let hasRun = access(record, F_OK) == 0
    if resuming, !hasRun { throw ZooError.notFound("\(path) holds no run that could go on") }
    if !resuming, hasRun {
      throw ZooError.usage("\(path) holds a run already; resume it or choose another folder")
    }
    removeRemains()
  }

  /// Removes what was created, unless the run has started.
  func discardUnlessBegun() {
    if isBegun { return }
    removeRemains()
    for name in [RunFolder.recordName, RunLog.tableName, RunLog.eventsName]
    where !entriesBefore.contains(name) {
      unlink("\(path)/\(name)")
    }
    if isNew { rmdir(path) }
  }

  /// Removes unfinished files of a killed process.
  private func removeRemains() {
    for name in entries(of: path)
    where name.hasPrefix(".zoo-") && name.hasSuffix(".partial") {
      unlink("\(path)/\(name)")
    }
  }

  func write(_ text: String, to path: String) throws {
    try Publication.write(to: path, calls: calls) { try $0.append(text.utf8) }
  }
}
