import Glibc
import ZooKit

/// Takes the files out of a folder, as far as they can be; folders in it stay.
func removeFiles(in path: String) {
  guard let folder = opendir(path) else { return }
  defer { closedir(folder) }
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
    }
    if name != ".", name != ".." { unlink("\(path)/\(name)") }
  }
}

/// A folder that is gone, with its files, when nobody holds it any more.
final class TemporaryFolder {
  let path: String

  init() throws {
    let place = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(place)/zoo-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw ZooError.cannot(.cannotCreate, "create a folder in \(place)", errno)
    }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit {
    removeFiles(in: path)
    rmdir(path)
  }
}
