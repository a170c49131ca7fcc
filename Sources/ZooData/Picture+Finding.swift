import Glibc
import ZooKit
import ZooVision

extension Picture {
  /// The paths of the pictures in a folder and in all folders below it, recognised by the ends of their
  /// names: those of a folder first, in natural order, then those of its subfolders. Hidden names are
  /// skipped, links are followed.
  ///
  /// ```swift
  /// for path in try Picture.paths(below: "photos") { … }
  /// ```
  public static func paths(below path: String) throws -> [String] {
    var found: [String] = []
    try Picture.find(in: path, within: [], &found)
    return found
  }

  /// - Parameter parents: the folders that contain it; a link to one of them would never end.
  private static func find(in path: String, within parents: Set<UInt64>, _ found: inout [String])
    throws
  {
    guard let folder = try Folder(path) else {
      throw ZooError.notFound("\(path) is not a folder")
    }
    var status = stat()
    guard stat(path, &status) == 0, !parents.contains(UInt64(status.st_ino)) else { return }
    let start = path.hasSuffix("/") ? path : path + "/"
    found += folder.pictures.map { start + $0 }
    for name in folder.folders {
      try find(in: start + name, within: parents.union([UInt64(status.st_ino)]), &found)
    }
  }
}
