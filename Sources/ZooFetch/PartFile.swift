import Glibc
import ZooKit
import ZooStore

/// The first bytes of an incomplete file, and a note beside it that identifies the whole.
final class PartFile {
  let path: String
  private(set) var size = 0
  private let descriptor: Int32
  private let calls: SystemCalls

  /// The state that a later attempt needs to request the rest of the same file.
  struct Note: Equatable {
    let url: String
    let validator: String
  }

  init(_ path: String, calls: SystemCalls = .real) throws {
    let descriptor = calls.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
    guard descriptor >= 0 else {
      let code = errno
      throw ZooError(
        code == ENOSPC || code == EDQUOT || code == EIO ? .io : .cannotCreate,
        "cannot create \(path): \(explain(code))")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      _ = calls.close(descriptor)
      throw ZooError.cannotCreate("cannot create \(path): it exists and is not a file")
    }
    self.path = path
    self.calls = calls
    self.descriptor = descriptor
    size = Int(status.st_size)
  }

  deinit { _ = calls.close(descriptor) }

  func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      let written = calls.pwrite(descriptor, rest, size)
      if written > 0 {
        rest = .init(rebasing: rest.dropFirst(written))
        size += written
      } else if written == 0 || errno != EINTR {
        throw ZooError.io("cannot write \(path): \(explain(written == 0 ? ENOSPC : errno))")
      }
    }
  }

  func clear() throws {
    guard calls.truncate(descriptor, 0) == 0 else {
      throw ZooError.io("cannot write \(path): \(explain(errno))")
    }
    size = 0
    forgetNote()
  }

  /// All bytes so far, in pieces.
  func read(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    try eachPiece(of: descriptor, path, body)
  }

  /// Flushes the file to disk, then gives it its name.
  func publish(as destination: String) throws {
    guard calls.sync(descriptor) == 0 else {
      throw ZooError.io("cannot write \(path): \(explain(errno))")
    }
    guard calls.rename(path, destination) == 0 else {
      throw ZooError.cannotCreate("cannot create \(destination): \(explain(errno))")
    }
    forgetNote()
    let parent = calls.open(folder(of: destination), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    guard parent >= 0 else { return }
    defer { _ = calls.close(parent) }
    guard calls.sync(parent) == 0 || errno == EINVAL else {
      throw ZooError.io("cannot sync \(folder(of: destination)): \(explain(errno))")
    }
  }

  func remove() {
    _ = calls.unlink(path)
    forgetNote()
  }
}

extension PartFile {
  private var notePath: String { path + ".json" }

  /// Nil if there is no valid note; then the download starts over.
  var note: Note? {
    guard let file = try? RandomAccessFile(notePath), file.size <= 16_384,
      let bytes = try? file.read(at: 0, count: file.size),
      let json = try? JSON(parsing: bytes, origin: notePath),
      case .string(let url)? = json["url"]?.content,
      case .string(let validator)? = json["validator"]?.content,
      !validator.utf8.contains(where: { $0 < 0x20 })
    else { return nil }
    return Note(url: url, validator: validator)
  }

  func write(_ note: Note) throws {
    let json: JSON = ["url": JSON(note.url), "validator": JSON(note.validator)]
    try Publication.write(to: notePath) { try $0.append(json.text().utf8) }
  }

  func forgetNote() { _ = calls.unlink(notePath) }
}

/// A file's bytes from the start, in pieces of a megabyte.
func eachPiece(
  of descriptor: Int32, _ path: String, _ body: (UnsafeRawBufferPointer) throws -> Void
) throws {
  let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
  defer { piece.deallocate() }
  var offset = 0
  while true {
    let got = pread(descriptor, piece.baseAddress, piece.count, off_t(offset))
    if got == 0 { return }
    if got > 0 {
      try body(UnsafeRawBufferPointer(rebasing: piece[..<got]))
      offset += got
    } else if errno != EINTR {
      throw ZooError.io("cannot read \(path): \(explain(errno))")
    }
  }
}

func folder(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}
