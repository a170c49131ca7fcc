import Glibc

// A path is bytes, a string is Unicode. Bytes that are no UTF-8 are kept in private characters:
// 0xFF is U+F7FF. The calls below have the same names as the system's and are preferred to them for
// strings, so that every path is the same bytes again when a file is opened.

extension String {
  /// A path or name from the system: from a folder, the command line or the environment.
  package init(path: UnsafePointer<CChar>) {
    let bytes = UnsafeRawBufferPointer(start: path, count: strlen(path))
    self.init(path: bytes)
  }

  package init(path bytes: UnsafeRawBufferPointer) {
    if let text = String(validating: bytes, as: UTF8.self), !text.hasPathBytes {
      self = text
      return
    }
    var text = String.UnicodeScalarView()
    var rest = bytes[...]
    while let first = rest.first {
      let length = rest.prefix(4).indices.lazy.map { rest[...$0] }.first {
        String(validating: $0, as: UTF8.self) != nil
      }?.count
      let scalar = length.flatMap { String(validating: rest.prefix($0), as: UTF8.self) }?
        .unicodeScalars.first
      // A private character in a name is taken for its bytes too, or two names could be the same.
      if let scalar, let length, scalar.pathByte == nil {
        text.append(scalar)
        rest = rest.dropFirst(length)
      } else {
        text.append(Unicode.Scalar(keeping: first))
        rest = rest.dropFirst()
      }
    }
    self.init(text)
  }

  /// The name of an entry of a folder.
  package init(of entry: UnsafeMutablePointer<dirent>) {
    self = withUnsafeBytes(of: &entry.pointee.d_name) { name in
      String(path: UnsafeRawBufferPointer(rebasing: name.prefix { $0 != 0 }))
    }
  }

  /// The bytes of the path, for a call of the system.
  package func withPath<R>(_ body: (UnsafePointer<CChar>) throws -> R) rethrows -> R {
    guard hasPathBytes else { return try withCString(body) }
    var bytes = unicodeScalars.flatMap { scalar in
      scalar.pathByte.map { [CChar(bitPattern: $0)] }
        ?? UTF8.encode(scalar).map { $0.map(CChar.init(bitPattern:)) } ?? []
    }
    bytes.append(0)
    return try bytes.withUnsafeBufferPointer { bytes in
      try bytes.baseAddress.map(body) ?? withCString(body)
    }
  }

  private var hasPathBytes: Bool {
    // Private characters begin with this byte in UTF-8.
    utf8.contains(0xEF) && unicodeScalars.contains { $0.pathByte != nil }
  }
}

extension Unicode.Scalar {
  fileprivate init(keeping byte: UInt8) { self = Unicode.Scalar(0xF700 + UInt32(byte)) ?? "?" }

  /// The byte of a path that the character stands for.
  package var pathByte: UInt8? {
    (0xF780...0xF7FF).contains(value) ? UInt8(truncatingIfNeeded: value) : nil
  }
}

package func open(_ path: String, _ flags: Int32) -> Int32 {
  path.withPath { Glibc.open($0, flags) }
}

package func open(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
  path.withPath { Glibc.open($0, flags, mode) }
}

package func opendir(_ path: String) -> OpaquePointer? { path.withPath { Glibc.opendir($0) } }
package func access(_ path: String, _ mode: Int32) -> Int32 {
  path.withPath { Glibc.access($0, mode) }
}
@discardableResult
package func mkdir(_ path: String, _ mode: mode_t) -> Int32 {
  path.withPath { Glibc.mkdir($0, mode) }
}
@discardableResult
package func rmdir(_ path: String) -> Int32 { path.withPath { Glibc.rmdir($0) } }
@discardableResult
package func unlink(_ path: String) -> Int32 { path.withPath { Glibc.unlink($0) } }
package func rename(_ old: String, _ new: String) -> Int32 {
  old.withPath { old in new.withPath { Glibc.rename(old, $0) } }
}
package func stat(_ path: String, _ status: UnsafeMutablePointer<stat>) -> Int32 {
  path.withPath { fstatat(AT_FDCWD, $0, status, 0) }
}
package func lstat(_ path: String, _ status: UnsafeMutablePointer<stat>) -> Int32 {
  path.withPath { fstatat(AT_FDCWD, $0, status, AT_SYMLINK_NOFOLLOW) }
}
package func realpath(_ path: String, _: Never?) -> UnsafeMutablePointer<CChar>? {
  path.withPath { Glibc.realpath($0, nil) }
}
