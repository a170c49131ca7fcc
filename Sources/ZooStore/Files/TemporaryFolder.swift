import Glibc
import ZooKit

/// A folder that is removed with its contents when it is no longer referenced.
package final class TemporaryFolder {
  package let path: String

  package init() throws {
    let place = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(place)/zoo-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw ZooError.cannot(.cannotCreate, "create a folder in \(place)", errno)
    }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
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
