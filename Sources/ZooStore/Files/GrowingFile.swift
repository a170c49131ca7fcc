import Glibc
import ZooKit

/// A log file that is appended to and can be truncated. Appended bytes are in the file at once, and
/// on disk after ``sync()``.
package final class GrowingFile {
  package let path: String
  package private(set) var size: Int
  private let calls: SystemCalls
  private let descriptor: Int32

  /// Opens or creates the file and truncates it to the given size.
  package init(_ path: String, size: Int, _ calls: SystemCalls = .real) throws {
    self.path = path
    self.calls = calls
    let opened = calls.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
    guard opened >= 0 else {
      let code = errno
      let disk = [ENOSPC, EDQUOT, EIO].contains(code)
      throw ZooError(disk ? .io : .cannotCreate, "cannot create \(path): \(explain(code))")
    }
    descriptor = opened
    self.size = size
    var status = stat()
    guard fstat(descriptor, &status) == 0, Int(status.st_size) >= size else {
      throw ZooError.corrupt(
        "\(path) has \(status.st_size) bytes, the saved state knows \(size): it was cut")
    }
    try cut(to: size)
  }

  /// Drops everything after the first `size` bytes.
  package func cut(to size: Int) throws {
    while calls.truncate(descriptor, size) != 0 {
      guard errno == EINTR else { throw failed("cut") }
    }
    self.size = size
  }

  deinit { _ = calls.close(descriptor) }

  package func append(_ bytes: some Sequence<UInt8>) throws {
    try Array(bytes).withUnsafeBytes { bytes in
      var rest = bytes
      while !rest.isEmpty {
        let written = calls.pwrite(descriptor, rest, size)
        if written > 0 {
          size += written
          rest = .init(rebasing: rest.dropFirst(written))
        } else if written == 0 || errno != EINTR {
          if written == 0 { errno = ENOSPC }
          throw failed("write")
        }
      }
    }
  }

  package func sync() throws {
    while calls.sync(descriptor) != 0 {
      guard errno == EINTR else { throw failed("write") }
    }
  }

  package func contents() throws -> [UInt8] {
    let file = try RandomAccessFile(path)
    return try file.read(at: 0, count: min(size, file.size))
  }

  private func failed(_ what: String) -> ZooError {
    .io("cannot \(what) \(path): \(explain(errno))")
  }
}
