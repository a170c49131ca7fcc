import ZooKit
import ZooVision

extension Picture {
  /// The paths of the pictures in a folder and in all folders below it, recognised by the ends of their
  /// names: those of a folder first, in natural order, then those of its subfolders. Hidden names are
  /// skipped; links are followed, but no folder is visited twice.
  ///
  /// ```swift
  /// for path in try Picture.paths(below: "photos") { … }
  /// ```
  public static func paths(below path: String) throws -> [String] {
    guard let folder = try Folder(path) else {
      throw ZooError.notFound("\(path) is not a folder")
    }
    let start = path.hasSuffix("/") ? path : path + "/"
    return try folder.allPictures().map { start + $0 }
  }
}
