import Glibc
import ZooKit
import ZooStore

/// A data set being written: it appears under its name when complete, or not at all.
struct DataFolder {
  private let path: String

  /// - Returns: whether it had to be written.
  static func make(_ path: String, _ write: (DataFolder) throws -> Void) throws -> Bool {
    if access(path, F_OK) == 0 { return false }
    let unfinished = DataFolder(path: "\(path).unfinished")
    removeContents(of: unfinished.path)
    try unfinished.create("")
    try write(unfinished)
    guard rename(unfinished.path, path) == 0 else {
      throw ZooError.cannot(.cannotCreate, "create \(path)", errno)
    }
    return true
  }

  private func create(_ folder: String) throws {
    let path = folder.isEmpty ? path : "\(path)/\(folder)"
    if mkdir(path, 0o777) != 0, errno != EEXIST {
      throw ZooError.cannot(.cannotCreate, "create the folder \(path)", errno)
    }
  }

  /// Creates a folder inside, with its parents.
  func folder(_ name: String) throws {
    var made = ""
    for part in name.split(separator: "/") {
      made += made.isEmpty ? String(part) : "/\(part)"
      try create(made)
    }
  }

  func write(_ bytes: some Collection<UInt8>, _ name: String) throws {
    let path = "\(path)/\(name)"
    guard let file = fopen(path, "wx") else {
      throw ZooError.cannot(.cannotCreate, "create \(path)", errno)
    }
    let written = Array(bytes).withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
    guard fclose(file) == 0, written == bytes.count else {
      throw ZooError.cannot(.io, "write \(path)", errno)
    }
  }

  func write(_ text: String, _ name: String) throws { try write(text.utf8, name) }

  /// Links the same file under another name.
  func link(_ name: String, as other: String) throws {
    guard Glibc.link("\(path)/\(name)", "\(path)/\(other)") == 0 else {
      throw ZooError.cannot(.cannotCreate, "create \(path)/\(other)", errno)
    }
  }
}
