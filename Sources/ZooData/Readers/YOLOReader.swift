import ZooKit
import ZooStore
import ZooVision

/// YOLO's layout: `images/…/1.jpg`, `labels/…/1.txt` with a line `class x y width height` per
/// object, relative to the picture, and `data.yaml` with the names. A picture without a label file
/// has no objects.
struct YOLOReader {
  let path: String
  let yaml: String?

  init(_ path: String, yaml: String?) {
    self.path = path
    self.yaml = yaml
  }

  /// The file that names the classes.
  static func yaml(in folder: Folder) throws -> String? {
    let files = folder.files.filter { ["yaml", "yml"].contains(ending(of: $0)) }
    return try files.first { ["data.yaml", "data.yml"].contains($0) }
      ?? files.first {
        try lines(of: folder.path($0), most: 1 << 20).contains { $0.hasPrefix("names:") }
      }
  }

  /// `labels/` with text files, here or in `train/`.
  static func hasLabels(_ folder: Folder) throws -> Bool {
    for place in [folder, try folder.folder("train")] {
      guard let place, let labels = try place.folder("labels"), try place.folder("images") != nil
      else { continue }
      if hasText(labels) { return true }
      for name in labels.folders {
        if let below = try Folder(labels.path(name)), hasText(below) { return true }
      }
    }
    return false
  }

  private static func hasText(_ folder: Folder) -> Bool {
    folder.files.contains { ending(of: $0) == "txt" && $0 != "classes.txt" }
  }

  func dataset() throws -> Dataset {
    let file = yaml.map { "\(path)/\($0)" }
    let settings = try file.map { try YAML(contentsOf: $0) }
    var flaws = Flaws(path)
    var classes = try settings?["names"]?.names(file ?? path) ?? []
    var isOpenEnded = false
    if classes.isEmpty {
      let lists = ["classes.txt", "labels/classes.txt"].map { "\(path)/\($0)" }
      classes = lists.lazy.compactMap { try? lines(of: $0) }.first ?? []
      isOpenEnded = classes.isEmpty
    }
    if let stated = settings?["nc"]?.scalar, Int(stated) != classes.count, !isOpenEnded {
      throw ZooError.corrupt(
        "\(file ?? path): nc is \(stated.printable), and there are \(classes.count) names")
    }
    var splits: [Split] = []
    var total = 0
    var highest = -1
    for (name, folders) in try places(settings, &flaws) {
      let pictures = try folders.flatMap { folder in
        let pictures = try Folder("\(path)/\(folder)")?.allPictures() ?? []
        return pictures.map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
      }
      total += pictures.count
      var items: [Item] = []
      for file in pictures {
        do {
          let boxes = try boxes(
            labelPath(file), isOpenEnded ? nil : classes.count, file, &flaws)
          highest = max(highest, boxes.map(\.classIndex).max() ?? -1)
          items.append(
            Item(name: file, source: .file("\(path)/\(file)"), annotation: .fractions(boxes)))
        } catch let error as ZooError {
          flaws.drop(error.message)
        }
      }
      splits.append(Split(name: name, items: items))
    }
    if isOpenEnded {
      classes = (0...max(highest, 0)).map(String.init)
      flaws.note("\(path) names no classes (data.yaml, classes.txt): they are numbered")
    }
    return try Dataset(
      path, .yolo, .detection, classes: classes, splits: splits,
      warnings: flaws.warnings(of: total))
  }

  /// The picture folders of each split, as relative paths.
  private func places(_ settings: YAML?, _ flaws: inout Flaws) throws -> [(String, [String])] {
    let root = settings?["path"]?.scalar ?? ""
    var places: [(String, [String])] = []
    for key in ["train", "val", "test"] {
      var folders: [String] = []
      for stated in settings?[key]?.scalars ?? [] {
        if let folder = try inside("\(root)/\(stated)") {
          if !folders.contains(folder) { folders.append(folder) }
        } else {
          flaws.note("\(path)/\(yaml ?? ""): \(key) is “\(stated)”, which is not in the folder")
        }
      }
      if !folders.isEmpty { places.append((key, folders)) }
    }
    guard places.isEmpty, let folder = try Folder(path) else { return places }
    for name in folder.folders {
      if let split = splitNames[name.lowercased()], try Folder("\(path)/\(name)/images") != nil {
        places.append((split, ["\(name)/images"]))
      }
    }
    if places.isEmpty, let images = try folder.folder("images") {
      for name in images.folders {
        if let split = splitNames[name.lowercased()] { places.append((split, ["images/\(name)"])) }
      }
      if places.isEmpty { places = [("all", ["images"])] }
    }
    return places
  }

  /// A folder named by the settings. Exported data often says `../train/images` although the folder
  /// is beside the file, so a path that leads outside is looked up inside, and nowhere else.
  private func inside(_ stated: String) throws -> String? {
    let parts = stated.split(separator: "/").filter { $0 != ".." && $0 != "." }
    // An absolute path is from another machine; its end may exist here.
    for start in 0..<max(parts.count, 1) {
      let folder = parts.dropFirst(start).joined(separator: "/")
      guard isWithin(folder) else { continue }
      if let found = try Folder("\(path)/\(folder)") {
        // `train` may mean `train/images`.
        return found.pictures.isEmpty && found.folders.contains("images")
          ? "\(folder)/images" : folder
      }
    }
    return nil
  }

  /// The last `images` of the path becomes `labels`.
  private func labelPath(_ picture: String) -> String {
    var parts = picture.split(separator: "/").map(String.init)
    if let place = parts.dropLast().lastIndex(of: "images") { parts[place] = "labels" }
    return "\(path)/\(stem(of: parts.joined(separator: "/"))).txt"
  }

  private func boxes(
    _ file: String, _ classCount: Int?, _ picture: String, _ flaws: inout Flaws
  ) throws -> [ObjectBox] {
    let text: [String]
    do {
      text = try lines(of: file, most: 16 << 20)
    } catch let error as ZooError where error.kind == .notFound {
      return []
    }
    return try text.enumerated().compactMap { index, line in
      func error(_ problem: String) -> ZooError {
        .corrupt("\(file), line \(index + 1): \(problem)")
      }
      let words = line.split(whereSeparator: \.isWhitespace)
      let numbers = words.dropFirst().compactMap { Double($0) }.filter(\.isFinite)
      // A class and a box, or a class and the corners of an outline.
      guard numbers.count == words.count - 1,
        numbers.count == 4 || (numbers.count >= 6 && numbers.count % 2 == 0)
      else { throw error("expected a class and four numbers") }
      // Tables of numbers often have a decimal point in every column.
      guard let label = Int(words[0]) ?? Double(words[0]).flatMap(Int.init(exactly:)),
        0..<(classCount ?? 10_000) ~= label
      else {
        let range = classCount.map { "0 to \($0 - 1)" } ?? "a whole number"
        throw error("the class is \(String(words[0]).printable); expected \(range)")
      }
      guard numbers.allSatisfy({ abs($0) < 10 }) else {
        throw error("coordinates must be between 0 and 1")
      }
      let frame: Frame
      if numbers.count == 4 {
        let (x, y, w, h) = (numbers[0], numbers[1], numbers[2] / 2, numbers[3] / 2)
        frame = Frame(x0: x - w, y0: y - h, x1: x + w, y1: y + h)
      } else {
        let across = stride(from: 0, to: numbers.count, by: 2).map { numbers[$0] }
        let down = stride(from: 1, to: numbers.count, by: 2).map { numbers[$0] }
        frame = Frame(
          x0: across.min() ?? 0, y0: down.min() ?? 0, x1: across.max() ?? 0, y1: down.max() ?? 0)
      }
      return sound(frame, Window.Size(1), "\(file), line \(index + 1)", "\(label)", &flaws).map {
        ObjectBox($0, classIndex: label)
      }
    }
  }
}
