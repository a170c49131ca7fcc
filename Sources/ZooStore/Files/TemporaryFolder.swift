import Glibc
import ZooKit

/// A folder that is removed with its contents when it is no longer referenced.
package final class TemporaryFolder {
  package let path: String

  package init() throws {
    let place = getenv("TMPDIR").map { String(path: $0) } ?? "/tmp"
    var template = "\(place)/zoo-XXXXXX".withPath {
      Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
    }
    guard mkdtemp(&template) != nil else {
      throw ZooError.cannot(.cannotCreate, "create a folder in \(place)", errno)
    }
    path = String(path: template)
  }

  deinit {
    removeContents(of: path)
    rmdir(path)
  }
}

/// Removes everything in a folder, as far as possible. Links are removed, not followed.
package func removeContents(of path: String) {
  for name in entries(of: path) {
    let inner = "\(path)/\(name)"
    if unlink(inner) == 0 { continue }
    removeContents(of: inner)
    rmdir(inner)
  }
}
