import ModelZoo
import ZooArguments

/// The pictures that something could not be done with.
struct Failures {
  private(set) var count = 0
  private var first: ZooError?
  private let progress: Progress
  private let done: String

  /// - Parameter done: what was to be done with the pictures: `predicted`.
  init(_ progress: Progress, _ done: String) { (self.progress, self.done) = (progress, done) }

  /// A single failure is the error of the run; as soon as there are more, each is reported at once.
  mutating func add(_ error: ZooError) {
    count += 1
    if let first, count == 2 { report(first) }
    if count > 1 { report(error) }
    first = first ?? error
  }

  private func report(_ error: ZooError) {
    progress.clear()
    writeError("zoo: \(error.message.line)")
  }

  func error(of total: Int) -> ZooError? {
    guard let first, count > 1 else { return first }
    return ZooError(
      first.kind, "\(grouped(count)) of \(grouped(total)) pictures could not be \(done)")
  }
}
