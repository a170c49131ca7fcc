import ZooKit
import ZooStore
import ZooVision

/// COCO's `instances_*.json`, with the pictures beside it, above it, or in a folder with the
/// split's name. Ids may have gaps; categories become classes in the order of their ids.
struct COCOReader {
  let path: String
  /// Paths relative to the data set.
  let files: [String]

  init(_ path: String, _ files: [String]) {
    self.path = path
    self.files = files
  }

  func dataset(_ name: String) throws -> Dataset {
    var flaws = Flaws(name)
    var classes: [String] = []
    var splits: [Split] = []
    var total = 0
    for file in files {
      let tables = try COCOTables("\(path)/\(file)")
      let ordered = tables.categories.sorted { $0.id < $1.id }
      // The splits of a data set share classes by name.
      for category in ordered where !classes.contains(category.name) {
        classes.append(category.name)
      }
      total += tables.images.count
      splits.append(try split(file, tables, classes, &flaws))
    }
    return try Dataset(
      name, .coco, .detection, classes: classes, splits: splits,
      warnings: flaws.warnings(of: total))
  }

  private func split(
    _ file: String, _ tables: COCOTables, _ classes: [String], _ flaws: inout Flaws
  ) throws -> Split {
    let origin = "\(path)/\(file)"
    var places: [String: Int] = [:]
    for (index, name) in classes.enumerated() { places[name] = index }
    var classOf: [Int: Int] = [:]
    for category in tables.categories {
      guard classOf.updateValue(places[category.name] ?? 0, forKey: category.id) == nil else {
        throw ZooError.corrupt("\(origin): two categories have the id \(category.id)")
      }
    }
    var imageOf: [Int: Int] = [:]
    for (index, image) in tables.images.enumerated() {
      guard imageOf.updateValue(index, forKey: image.id) == nil else {
        throw ZooError.corrupt("\(origin): two images have the id \(image.id)")
      }
    }
    var boxes = Array(repeating: [ObjectBox](), count: tables.images.count)
    var lost: [String] = []
    for entry in tables.annotations {
      guard let image = imageOf[entry.image], let index = classOf[entry.category] else {
        let what =
          imageOf[entry.image] == nil ? "image \(entry.image)" : "category \(entry.category)"
        lost.append(what)
        flaws.note("\(origin): an annotation names \(what), which does not exist")
        continue
      }
      let frame = Frame(
        x0: entry.box[0], y0: entry.box[1], x1: entry.box[0] + entry.box[2],
        y1: entry.box[1] + entry.box[3])
      let name = tables.images[image].file
      if let frame = sound(frame, tables.images[image].size, name, classes[index], &flaws) {
        boxes[image].append(
          ObjectBox(frame, classIndex: index, isCrowd: entry.isCrowd, area: entry.area))
      }
    }
    if let first = lost.first,
      Double(lost.count) > Flaws.tolerance * Double(tables.annotations.count)
    {
      throw ZooError.corrupt(
        "\(origin): \(lost.count) of \(tables.annotations.count) annotations name images or "
          + "categories that do not exist, at most 5 % may; the first: \(first)")
    }
    let folders = try pictureFolders(file)
    let first = tables.images.first { isWithin($0.file) }?.file
    let folder = try folders.first { folder in
      guard let first, let slash = first.lastIndex(of: "/") else {
        return try first.map { try Folder(folder)?.files.contains($0) ?? false } ?? false
      }
      return try Folder("\(folder)/\(first[..<slash])")?.files.contains(lastName(of: first))
        ?? false
    }
    guard let folder else {
      throw ZooError.notFound(
        "\(origin): the picture \((first ?? "of no name").printable) is in none of "
          + folders.joined(separator: ", "))
    }
    var items: [Item] = []
    for (image, boxes) in zip(tables.images, boxes) {
      guard isWithin(image.file) else {
        flaws.drop("\(origin): “\(image.file)” leads outside the data folder")
        continue
      }
      items.append(
        Item(
          name: image.file, source: .file("\(folder)/\(image.file)"),
          annotation: .boxes(boxes, of: image.size)))
    }
    return Split(name: splitName(file), items: items)
  }

  /// `annotations/instances_train2017.json` belongs to `train2017`.
  private func subset(_ file: String) -> String {
    let stem = stem(of: lastName(of: file))
    guard let line = stem.firstIndex(of: "_") else { return "" }
    return String(stem[line...].dropFirst())
  }

  private func splitName(_ file: String) -> String {
    let subset = subset(file).lowercased()
    return splitNames.keys.sorted { $0.count > $1.count }.first(where: subset.hasPrefix)
      .flatMap { splitNames[$0] } ?? (files.count == 1 ? "all" : subset)
  }

  private func pictureFolders(_ file: String) throws -> [String] {
    let own = folderName(of: "\(path)/\(file)")
    let above = lastName(of: own) == "annotations" ? folderName(of: own) : own
    let subset = subset(file)
    let names =
      ["", "images", "JPEGImages"] + (subset.isEmpty ? [] : [subset, "images/\(subset)"])
    return names.reversed().map { $0.isEmpty ? above : "\(above)/\($0)" }
      + (own == above ? [] : [own])
  }
}

/// The three tables of the file, as far as boxes need them.
struct COCOTables {
  struct Image {
    let id: Int
    let file: String
    let size: Window.Size?
  }

  struct Annotation {
    let image, category: Int
    /// x, y, width, height.
    let box: SIMD4<Double>
    let area: Double?
    let isCrowd: Bool
  }

  private(set) var images: [Image] = []
  private(set) var categories: [(id: Int, name: String)] = []
  private(set) var annotations: [Annotation] = []
}

extension COCOTables {
  private static let mostBytes = 1 << 31

  /// Parsed row by row, because a tree of `instances_train2017`, 470 MB of outlines, would take
  /// many times its size.
  init(_ path: String) throws {
    let file = try RandomAccessFile(path)
    guard file.size <= COCOTables.mostBytes else {
      throw ZooError.corrupt("\(path) has \(byteCount(file.size)), at most 2 GB are read")
    }
    var scanner = JSONScanner(try file.read(at: 0, count: file.size), origin: path)
    var missing: Set = ["images", "categories", "annotations"]
    try scanner.object("the file") { scanner, table in
      missing.remove(table)
      switch table {
      case "images":
        try scanner.rows(of: table, ["id", "file_name", "width", "height"]) { try image(&$0) }
      case "categories":
        try scanner.rows(of: table, ["id", "name"]) { try category(&$0) }
      case "annotations":
        let columns: Set = ["image_id", "category_id", "bbox", "area", "iscrowd"]
        try scanner.rows(of: table, columns) { try annotation(&$0) }
      default: try scanner.skip()
      }
    }
    try scanner.end()
    if let table = ["images", "categories", "annotations"].first(where: missing.contains) {
      throw ZooError.corrupt("\(path): the file has no “\(table)”")
    }
  }

  private mutating func image(_ row: inout Fields) throws {
    let (width, height) = (
      try row.optional("width") { try $0.integer($1) },
      try row.optional("height") { try $0.integer($1) }
    )
    var size: Window.Size?
    if let width, let height, width > 0, height > 0 { size = Window.Size(height, width) }
    images.append(
      Image(id: try row.integer("id"), file: try row.string("file_name"), size: size))
  }

  private mutating func category(_ row: inout Fields) throws {
    categories.append((try row.integer("id"), try row.string("name")))
  }

  private mutating func annotation(_ row: inout Fields) throws {
    let box = try row.numbers("bbox")
    guard box.count == 4 else {
      throw row.error("“bbox” has \(box.count) numbers; expected 4")
    }
    annotations.append(
      Annotation(
        image: try row.integer("image_id"), category: try row.integer("category_id"),
        box: SIMD4(box), area: try row.optional("area") { try $0.number($1) },
        isCrowd: try row.optional("iscrowd") { try $0.integer($1) } == 1))
  }
}

extension JSONScanner {
  /// Reads a list of objects row by row, and only the named members, because outlines are most of
  /// the file and are not needed.
  fileprivate mutating func rows(
    of table: String, _ columns: Set<String>, _ read: (inout Fields) throws -> Void
  ) throws {
    var index = 0
    try list("“\(table)”") { scanner in
      var fields = try Fields(
        scanner.row(columns), of: "it", in: "\(scanner.origin), \(table)[\(index)]")
      try read(&fields)
      index += 1
    }
  }

  private mutating func row(_ columns: Set<String>) throws -> JSON {
    guard next == UInt8(ascii: "{") else { return try value() }
    let line = line
    var members: [(key: String, value: JSON)] = []
    try object { scanner, key in
      if columns.contains(key) {
        members.append((key, try scanner.value()))
      } else {
        try scanner.skip()
      }
    }
    return JSON(.object(members), line: line)
  }
}
