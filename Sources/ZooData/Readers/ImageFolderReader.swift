import Glibc
import ZooKit
import ZooStore

/// Classes as folders of pictures: `train/ants/1.jpg`, `val/…`, or just `ants/1.jpg`.
struct ImageFolderReader {
  let path: String

  init(_ path: String) { self.path = path }

  /// Folder names of other kinds of data set, which are not class names.
  private static let reserved: Set<String> = [
    "images", "image", "jpegimages", "masks", "mask", "labels", "label", "annotations",
  ]

  static func evidence(in folder: Folder) throws -> String? {
    for name in folder.folders {
      if splitNames[name.lowercased()] != nil {
        guard let split = try Folder(folder.path(name)) else { continue }
        if let first = try classFolder(in: split) { return "\(name)/\(first)" }
      }
    }
    return try classFolder(in: folder)
  }

  /// The first folder of pictures that can be a class.
  private static func classFolder(in folder: Folder) throws -> String? {
    try folder.folders.first { name in
      guard !reserved.contains(name.lowercased()), splitNames[name.lowercased()] == nil else {
        return false
      }
      return try Folder(folder.path(name)).map { try !$0.allPictures().isEmpty } ?? false
    }
  }

  /// Whether one folder holds all pictures, which is then hardly a class.
  static func hasSingleFolder(_ folder: Folder) throws -> Bool {
    let full = try folder.folders.filter {
      try Folder(folder.path($0)).map { try !$0.allPictures().isEmpty } ?? false
    }
    return full.count == 1 && splitNames[full[0].lowercased()] == nil
  }

  /// The names of the classes. Folders precede links, so that a class with two names keeps its own.
  private func classFolders(in folder: Folder, _ flaws: inout Flaws) -> Set<String> {
    var seen: Set<FileIdentity> = []
    var names: Set<String> = []
    let links = Set(folder.folders.filter { isLink(folder.path($0)) })
    for name in folder.folders.filter({ !links.contains($0) }) + links.sorted() {
      guard let it = FileIdentity(folder.path(name)) else { continue }
      if seen.insert(it).inserted {
        names.insert(name)
      } else {
        flaws.note("\(folder.path(name)) leads to a folder that is read anyway")
      }
    }
    for link in folder.loops {
      flaws.note("\(folder.path(link)) leads back to a folder around it")
    }
    return names
  }

  func dataset() throws -> Dataset {
    guard let folder = try Folder(path) else { throw ZooError.notFound("\(path) does not exist") }
    var flaws = Flaws(path)
    var places: [(split: String, prefix: String, folder: Folder)] = []
    for name in folder.folders {
      guard let split = splitNames[name.lowercased()], let below = try Folder(folder.path(name))
      else { continue }
      if try ImageFolderReader.classFolder(in: below) == nil {
        flaws.note("\(path)/\(name) has no folders of pictures and is skipped")
      } else {
        places.append((split, name + "/", below))
      }
    }
    if places.isEmpty { places = [("all", "", folder)] }
    // All splits share the union of the classes.
    let names = places.map { classFolders(in: $0.folder, &flaws) }
    let classes = Set(names.joined()).sorted(by: naturallyPrecedes)
    var splits: [Split] = []
    for (place, names) in zip(places, names) {
      var items: [Item] = []
      let folders = Set(names.compactMap { FileIdentity(place.folder.path($0)) })
      for (index, name) in classes.enumerated() {
        guard names.contains(name), let folder = try Folder(place.folder.path(name)) else {
          flaws.note("\(place.prefix)\(name) is missing: the class has no pictures there")
          continue
        }
        var walk = PictureWalk(besides: folders)
        let pictures = try walk.pictures(in: folder)
        for link in walk.skipped { flaws.note("\(link) leads to a folder that is read anyway") }
        if pictures.isEmpty { flaws.note("\(place.prefix)\(name) contains no pictures") }
        items += pictures.map { file in
          Item(
            name: "\(place.prefix)\(name)/\(file)",
            source: .file("\(place.folder.path)/\(name)/\(file)"), annotation: .label(index))
        }
      }
      splits.append(Split(name: place.split, items: items))
    }
    return try Dataset(
      path, .imageFolder, .classification, classes: classes, splits: splits,
      warnings: flaws.warnings(of: splits.reduce(0) { $0 + $1.count }))
  }
}

private func isLink(_ path: String) -> Bool {
  var status = stat()
  return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
}
