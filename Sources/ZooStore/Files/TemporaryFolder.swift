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
  guard let folder = opendir(path) else { return }
  var names: [String] = []
  while let entry = readdir(folder) {
    names.append(
      withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      })
  }
  closedir(folder)
  for name in names where name != "." && name != ".." {
    let inner = "\(path)/\(name)"
    if unlink(inner) == 0 { continue }
    removeContents(of: inner)
    rmdir(inner)
  }
}
