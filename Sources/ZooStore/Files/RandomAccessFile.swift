import CZoo
import Glibc
import ZooKit

/// A file that can be read at any offset, from any thread.
///
/// Every read is checked against the file's size first, so a hostile offset or count is an error
/// before anything is allocated.
package final class RandomAccessFile: Sendable {
  package let path: String
  /// In bytes, at the time of opening.
  package let size: Int
  package let descriptor: Int32

  package convenience init(_ path: String) throws {
    // Opening a pipe would block here, and it has no offsets.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let code = errno
      throw ZooError.notFound(
        code == ENOENT ? "\(path) does not exist" : "cannot open \(path): \(explain(code))")
    }
    try self.init(owning: descriptor, path)
  }

  /// A file that is already open and may have been unlinked; the path is for messages.
  package init(owning descriptor: Int32, _ path: String) throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw ZooError.notFound("\(path) is not a file")
    }
    self.path = path
    size = Int(status.st_size)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Fills the buffer with the bytes from the offset.
  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    try check(offset, buffer.count)
    var done = 0
    while done < buffer.count {
      let got = pread(
        descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done,
        off_t(offset + done))
      if got > 0 {
        done += got
      } else if got == 0 {
        throw ZooError.io("\(path) became shorter while it was read")
      } else if errno != EINTR {
        throw ZooError.io("cannot read \(path): \(explain(errno))")
      }
    }
  }

  package func read(at offset: Int, count: Int) throws -> [UInt8] {
    try check(offset, count)
    guard count < 1 << 20 || zoo_has_room(count) != 0 else {
      throw ZooError.system("\(path): not enough memory for \(count) bytes")
    }
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      try read(into: .init(start: buffer.baseAddress, count: count), at: offset)
      filled = count
    }
  }

  private func check(_ offset: Int, _ count: Int) throws {
    guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
      throw ZooError.corrupt(
        "\(path) is truncated: expected \(count) bytes at \(offset), the file has \(size)")
    }
  }
}

/// The system's message for an error number.
package func explain(_ code: Int32) -> String {
  var text = [CChar](repeating: 0, count: 256)
  guard strerror_r(code, &text, text.count) == 0 else { return "error \(code)" }
  return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
}
