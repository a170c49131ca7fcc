import Glibc
import ZooKit
import ZooStore

/// Mutual exclusion between processes, by a lock on a file beside the protected one. The system
/// releases it when the holder ends, in whatever way.
///
/// The lock only saves work; correctness does not depend on it, because some file systems have no
/// locks.
package enum FileLock {
  /// - Parameters:
  ///   - waiting: called once if another process holds the lock.
  ///   - body: receives whether the lock was acquired.
  package static func holding<R>(
    _ path: String, waiting: () -> Void = {}, _ body: (_ isLocked: Bool) throws -> R
  ) throws -> R {
    guard let descriptor = try lock(path, waiting) else { return try body(false) }
    defer {
      unlink(path)
      close(descriptor)
    }
    return try body(true)
  }

  private static func lock(_ path: String, _ waiting: () -> Void) throws -> Int32? {
    var hasWaited = false
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
      guard descriptor >= 0 else {
        throw ZooError.cannotCreate("cannot create \(path): \(explain(errno))")
      }
      if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK, !hasWaited {
        hasWaited = true
        waiting()
      }
      while flock(descriptor, LOCK_EX) != 0 {
        if errno == EINTR { continue }
        close(descriptor)
        return nil
      }
      // The last holder may have removed the file while we waited; then our lock protects nothing.
      var mine = stat()
      var named = stat()
      if fstat(descriptor, &mine) == 0, stat(path, &named) == 0, mine.st_ino == named.st_ino,
        mine.st_dev == named.st_dev
      {
        return descriptor
      }
      close(descriptor)
    }
  }
}
