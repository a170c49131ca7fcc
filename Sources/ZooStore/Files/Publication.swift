import Glibc
import ZooKit

/// A file that appears whole or not at all.
///
/// The data goes to a temporary file in the same folder, which is renamed in one step once the data
/// has reached the disk. If any call fails, the previous file stays intact.
///
/// ```swift
/// try Publication.write(to: path) { file in
///   try file.append(header)
///   try file.append(numbers)
/// }
/// ```
package final class Publication {
  /// The final path. Links are followed, so that the target is replaced instead of the link.
  package let path: String
  /// The number of bytes written by ``append(_:)-(UnsafeRawBufferPointer)``, and the offset of the
  /// next.
  package private(set) var position = 0

  private let calls: SystemCalls
  private let folder: String
  private let temporary: String
  private let descriptor: Int32

  /// Publishes what the closure writes; if it throws, nothing changes.
  package static func write<R>(
    to path: String, calls: SystemCalls = .real, _ body: (Publication) throws -> R
  ) throws -> R {
    let file = try Publication(path, calls)
    let result: R
    do {
      result = try body(file)
      try file.flush()
    } catch {
      file.discard()
      throw error
    }
    try file.publish()
    return result
  }

  /// Throws if a file cannot be created at a path; nothing changes.
  package static func check(_ path: String) throws { try Publication(path, .real).discard() }

  private init(_ path: String, _ calls: SystemCalls) throws {
    let destination = try Publication.destination(path)
    let slash = destination.lastIndex(of: "/")
    let folder =
      slash.map {
        $0 == destination.startIndex ? "/" : String(destination[..<$0])
      } ?? "."
    self.path = destination
    self.calls = calls
    self.folder = folder
    while true {
      let random = String(UInt64.random(in: .min ... .max), radix: 16)
      let name = "\(folder)/.zoo-\(random).partial"
      let opened = retrying {
        calls.open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
      }
      if opened < 0, errno == EEXIST { continue }
      guard opened >= 0 else { throw ZooError.cannot(.cannotCreate, "create \(path)", errno) }
      descriptor = opened
      temporary = name
      return
    }
  }

  private static func destination(_ path: String) throws -> String {
    var status = stat()
    guard !path.isEmpty, !path.hasSuffix("/") else {
      throw ZooError.cannotCreate("cannot create “\(path)”: expected a file name")
    }
    guard stat(path, &status) == 0 else { return path }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ZooError.cannotCreate("cannot create \(path): it exists and is not a file")
    }
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(path: real)
  }

  /// Writes after the last appended bytes.
  package func append(_ bytes: UnsafeRawBufferPointer) throws {
    try write(bytes, at: position)
    position += bytes.count
  }

  package func append(_ bytes: some Sequence<UInt8>) throws {
    try Array(bytes).withUnsafeBytes { try append($0) }
  }

  /// Writes at any offset; gaps are zeros. Does not move ``position``.
  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var rest = bytes
    var offset = offset
    while !rest.isEmpty {
      let written = calls.pwrite(descriptor, rest, offset)
      if written > 0 {
        rest = .init(rebasing: rest.dropFirst(written))
        offset += written
      } else if written == 0 || errno != EINTR {
        throw ZooError.cannot(.io, "write \(path)", written == 0 ? ENOSPC : errno)
      }
    }
  }

  /// Extends the file with zeros that need not be written.
  package func setSize(_ size: Int) throws {
    guard retrying({ calls.truncate(descriptor, size) }) == 0 else {
      throw ZooError.cannot(.io, "write \(path)", errno)
    }
  }

  private func flush() throws {
    guard retrying({ calls.sync(descriptor) }) == 0 else {
      throw ZooError.cannot(.io, "write \(path)", errno)
    }
  }

  private func publish() throws {
    // After fsync a failing close loses nothing, and the descriptor is closed either way.
    _ = calls.close(descriptor)
    guard retrying({ calls.rename(temporary, path) }) == 0 else {
      let error = ZooError.cannot(.cannotCreate, "create \(path)", errno)
      _ = calls.unlink(temporary)
      throw error
    }
    // The name must also survive a power failure.
    let parent = retrying { calls.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
    guard parent >= 0 else { throw ZooError.cannot(.io, "sync \(folder)", errno) }
    defer { _ = calls.close(parent) }
    // EINVAL: the file system cannot sync folders.
    guard retrying({ calls.sync(parent) }) == 0 || errno == EINVAL else {
      throw ZooError.cannot(.io, "sync \(folder)", errno)
    }
  }

  private func discard() {
    _ = calls.close(descriptor)
    _ = calls.unlink(temporary)
  }
}

/// Repeats a call that a signal interrupted.
private func retrying(_ call: () -> Int32) -> Int32 {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}

extension ZooError {
  /// A full or failing disk is `.io`, whatever the call.
  package static func cannot(_ kind: Kind, _ what: String, _ code: Int32) -> ZooError {
    let disk = [ENOSPC, EDQUOT, EIO, EFBIG].contains(code)
    return ZooError(disk ? .io : kind, "cannot \(what): \(explain(code))")
  }
}
