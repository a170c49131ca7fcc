import ZooKit
import ZooStore
import ZooVision

/// What tells a picture from others: its stored bytes and its appearance.
public struct PictureMark: Sendable {
  /// See ``Item/digest()``.
  public let digest: UInt64
  /// Nil if the picture is blank.
  public let likeness: Likeness?

  public init(digest: UInt64, likeness: Likeness?) {
    (self.digest, self.likeness) = (digest, likeness)
  }
}

extension Item {
  /// The first 48 bits of the SHA-256 of the picture as it is stored: of its file or, in an archive,
  /// of its samples. The same picture has the same digest under any name, in any folder and with any
  /// annotation. Among a million pictures, a chance match of two is unlikely (0.2 %).
  public func digest() throws -> UInt64 {
    var hash = SHA256()
    switch source {
    case .file(let path):
      let file = try RandomAccessFile(path)
      let piece = 1 << 20
      for offset in stride(from: 0, to: file.size, by: piece) {
        hash.update(try file.read(at: offset, count: min(piece, file.size - offset)))
      }
    case .raw(let archive, let offset, let size, let channels, let isPlanar):
      let count = size.width * size.height * channels
      guard offset >= 0, offset <= archive.bytes.count - count else {
        throw ZooError.corrupt("\(archive.path) ends within \(name)")
      }
      hash.update("\(size.width) \(size.height) \(channels) \(isPlanar)\n".utf8)
      hash.update(archive.bytes[offset..<offset + count])
    }
    return hash.digest.prefix(6).reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension Split {
  /// The digest of every picture, computed on all threads; nil if its file cannot be read.
  public func digests() -> [UInt64?] {
    var digests = [UInt64?](repeating: nil, count: items.count)
    digests.withUnsafeMutableBufferPointer { digests in
      // Safe to share: each element is written by one thread.
      nonisolated(unsafe) let digests = digests
      let items = items
      Threads.split(items.count, cost: 1 << 18) { range in
        for index in range { digests[index] = try? items[index].digest() }
      }
    }
    return digests
  }
}
