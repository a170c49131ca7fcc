import Glibc
import ZooKit

/// A folder in which one process works at a time. The system releases the lock when its holder ends,
/// in whatever way.
package final class FolderLock {
  private let descriptor: Int32

  /// - Parameters:
  ///   - path: the folder.
  ///   - what: what another process may be doing there: `training`.
  package init(_ path: String, _ what: String) throws {
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ZooError.cannotCreate("cannot open \(path): \(explain(errno))")
    }
    // Some file systems have no locks.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw ZooError.usage("another process is \(what) in \(path)")
    }
  }

  deinit { close(descriptor) }
}
