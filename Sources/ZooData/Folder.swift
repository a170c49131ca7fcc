import Glibc
import ZooKit
import ZooStore
import ZooVision

/// The content of a folder, in natural order. Links are followed, except those that lead back to the
/// folder or to one around it; hidden names are skipped.
struct Folder {
  let path: String
  let folders: [String]
  let files: [String]
  /// The links that lead back.
  let loops: [String]

  /// Nil if there is no such folder.
  init?(_ path: String) throws {
    guard let stream = opendir(path) else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw ZooError.notFound("cannot list \(path): \(explain(errno))")
    }
    defer { closedir(stream) }
    var (folders, files, loops): ([String], [String], [String]) = ([], [], [])
    lazy var around = Folder.around(path)
    while let entry = readdir(stream) {
      let name = String(of: entry)
      guard !name.hasPrefix(".") else { continue }
      var kind = mode_t(entry.pointee.d_type) << 12
      if kind != S_IFREG, kind != S_IFDIR {
        var status = stat()
        guard stat("\(path)/\(name)", &status) == 0 else { continue }
        kind = status.st_mode & S_IFMT
      }
      let isLink = entry.pointee.d_type == DT_LNK
      if isLink, kind == S_IFDIR, let it = FileIdentity("\(path)/\(name)"), around.contains(it) {
        loops.append(name)
      } else if kind == S_IFDIR {
        folders.append(name)
      } else if kind == S_IFREG {
        files.append(name)
      }
    }
    self.path = path
    self.loops = loops.sorted(by: naturallyPrecedes)
    self.folders = folders.sorted(by: naturallyPrecedes)
    self.files = files.sorted(by: naturallyPrecedes)
  }

  /// The subfolder with the first of these names that exists.
  func folder(_ names: String...) throws -> Folder? {
    guard let name = names.first(where: folders.contains) else { return nil }
    return try Folder("\(path)/\(name)")
  }

  func path(_ file: String) -> String { "\(path)/\(file)" }

  var pictures: [String] { files.filter(isPictureName) }

  /// The pictures here and in subfolders, by relative path.
  func allPictures() throws -> [String] {
    var walk = PictureWalk()
    return try walk.pictures(in: self)
  }

  /// The folder and all that contain it.
  private static func around(_ path: String) -> Set<FileIdentity> {
    var found: Set<FileIdentity> = []
    var here = path
    while let folder = FileIdentity(here), found.insert(folder).inserted { here += "/.." }
    return found
  }
}

func isPictureName(_ name: String) -> Bool {
  Picture.endings.contains(ending(of: name))
}

/// The text after the last dot, in lower case.
func ending(of name: String) -> String {
  name.lastIndex(of: ".").map { name[$0...].dropFirst().lowercased() } ?? ""
}

/// The text before it.
func stem(of name: String) -> String {
  name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
}

func lastName(of path: String) -> String {
  path.split(separator: "/").last.map(String.init) ?? path
}

func folderName(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// Whether a path from an annotation stays within the data folder: it is relative and never goes
/// up.
func isWithin(_ path: String) -> Bool {
  !path.isEmpty && !path.hasPrefix("/") && !path.utf8.contains(0)
    && !path.split(separator: "/").contains("..")
}

/// The words of a small text file, line by line, without empty lines.
func lines(of path: String, most: Int = 64 << 20) throws -> [String] {
  let file = try RandomAccessFile(path)
  guard file.size <= most else {
    throw ZooError.corrupt(
      "\(path) has \(byteCount(file.size)), at most \(byteCount(most)) are read")
  }
  let bytes = try file.read(at: 0, count: file.size)
  guard let text = String(validating: bytes, as: UTF8.self) else {
    throw ZooError.corrupt("\(path) is not UTF-8")
  }
  return text.split(whereSeparator: \.isNewline).map { line in
    trimmed(line)
  }.filter { !$0.isEmpty }
}

/// The usual names of split folders, and their splits.
let splitNames = [
  "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
  "test": "test", "testing": "test",
]
