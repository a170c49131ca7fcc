import ZooKit

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
    let names = Set(places.flatMap { $0.folder.folders })
    let classes = names.sorted(by: naturallyPrecedes)
    var splits: [Split] = []
    for place in places {
      var items: [Item] = []
      for (index, name) in classes.enumerated() {
        guard let pictures = try Folder(place.folder.path(name))?.allPictures() else {
          flaws.note("\(place.prefix)\(name) is missing: the class has no pictures there")
          continue
        }
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
