import Glibc
import ZooKit
import ZooStore

/// One record of fixed size per item: in memory, or in a file if there are too many. The file is
/// unlinked, so nothing remains however the process ends.
///
/// `@unchecked Sendable`: one thread writes all records before any other reads.
final class ItemStore: @unchecked Sendable {
  private enum Home {
    case memory(UnsafeMutableRawPointer)
    case file(RandomAccessFile)
  }

  private let home: Home
  private let calls: SystemCalls
  /// The size of a record.
  let bytes: Int

  /// - Parameters:
  ///   - limit: the largest number of bytes in memory.
  ///   - folder: the folder of the file; nil keeps everything in memory.
  init(
    count: Int, bytes: Int, limit: Int, folder: String?, calls: SystemCalls = .real
  ) throws {
    self.bytes = bytes
    self.calls = calls
    let (size, overflow) = count.multipliedReportingOverflow(by: bytes)
    guard !overflow, size < Int.max / 2 else {
      throw ZooError.failure("\(count) items of \(bytes) bytes are more than can be kept")
    }
    guard let folder, size > limit else {
      let memory = try allocateFloats((size + 3) / 4)
      guard let base = memory.baseAddress else { throw ZooError.failure("no memory") }
      home = .memory(.init(base))
      return
    }
    // Named like a partial file: a resumed run removes it if the process ends between these two
    // calls.
    let path = "\(folder)/.zoo-features-\(getpid()).partial"
    let descriptor = calls.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      throw ZooError.cannotCreate("cannot create \(path): \(explain(errno))")
    }
    _ = calls.unlink(path)
    guard calls.truncate(descriptor, size) == 0 else {
      let code = errno
      _ = calls.close(descriptor)
      throw ZooError.io("cannot write features in \(folder): \(explain(code))")
    }
    home = .file(try RandomAccessFile(owning: descriptor, "\(folder): features"))
  }

  deinit {
    if case .memory(let base) = home { free(base) }
  }

  /// Writes consecutive records, starting at this one.
  func write(_ records: UnsafeRawBufferPointer, from item: Int) throws {
    switch home {
    case .memory(let base):
      guard let source = records.baseAddress else { return }
      (base + item * bytes).copyMemory(from: source, byteCount: records.count)
    case .file(let file):
      var (rest, offset) = (records, item * bytes)
      while !rest.isEmpty {
        let written = calls.pwrite(file.descriptor, rest, offset)
        if written > 0 {
          rest = .init(rebasing: rest.dropFirst(written))
          offset += written
        } else if written == 0 || errno != EINTR {
          throw ZooError.io("cannot write \(file.path): \(explain(written == 0 ? ENOSPC : errno))")
        }
      }
    }
  }

  /// Reads a part of a record.
  func read(_ item: Int, at offset: Int, into target: UnsafeMutableRawBufferPointer) throws {
    switch home {
    case .memory(let base):
      target.copyMemory(
        from: .init(start: base + item * bytes + offset, count: target.count))
    case .file(let file): try file.read(into: target, at: item * bytes + offset)
    }
  }
}
