import Glibc

/// A file or folder itself, whichever path or link leads to it.
package struct FileIdentity: Hashable, Sendable {
  private let device, number: UInt64

  /// Nil if there is nothing at the path. Links are followed.
  package init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    (device, number) = (UInt64(status.st_dev), UInt64(status.st_ino))
  }
}
