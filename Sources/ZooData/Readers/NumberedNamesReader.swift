import ZooKit

/// Numbers in the names of pictures: `faces/{age}_*.jpg`, in the folder itself or in `train/` and
/// `val/`.
struct NumberedNamesReader {
  let path: String
  let pattern: NamePattern

  /// - Parameter pattern: a path whose last part is a ``NamePattern``.
  init(_ pattern: String) throws {
    path = folderName(of: pattern)
    self.pattern = try NamePattern(lastName(of: pattern))
  }

  func dataset() throws -> Dataset {
    guard let folder = try Folder(path) else { throw ZooError.notFound("\(path) does not exist") }
    var flaws = Flaws(path)
    var splits: [Split] = []
    var total = 0
    func add(_ split: String, _ pictures: [String]) {
      total += pictures.count
      var items: [Item] = []
      for name in pictures {
        if let numbers = pattern.numbers(in: lastName(of: name)) {
          items.append(
            Item(name: name, source: .file("\(path)/\(name)"), annotation: .values(numbers)))
        } else {
          flaws.drop("\(path)/\(name): the name does not match “\(pattern.text)”")
        }
      }
      splits.append(Split(name: split, items: items))
    }
    for name in folder.folders {
      guard let split = splitNames[name.lowercased()], let below = try Folder(folder.path(name))
      else { continue }
      add(split, try below.allPictures().map { "\(name)/\($0)" })
    }
    if splits.allSatisfy({ $0.items.isEmpty }) { add("all", try folder.allPictures()) }
    return try Dataset(
      path, .numberedNames, .regression, classes: pattern.names,
      splits: splits, warnings: flaws.warnings(of: total))
  }
}
