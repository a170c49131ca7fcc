import Glibc

/// The names in a folder, without `.` and `..`; none if it cannot be read.
package func entries(of path: String) -> [String] {
  guard let folder = opendir(path) else { return [] }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = String(of: entry)
    if name != ".", name != ".." { names.append(name) }
  }
  return names
}
