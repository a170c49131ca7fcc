import Glibc
import ZooKit
import ZooStore

extension Dataset {
  /// Reads the data set at a path: a folder, COCO's JSON, YOLO's YAML or a table (CSV), or a
  /// pattern for file names (`faces/{age}_*.jpg`, see ``NamePattern``). The kind of a folder is
  /// recognised by content; ``description`` reports it.
  public static func open(_ path: String) throws -> Dataset {
    let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    guard let folder = try Folder(path) else { return try openFile(path) }
    // Its table names the pictures of another folder.
    if ["run.json", "pictures.csv"].allSatisfy(folder.files.contains) {
      throw ZooError.corrupt(
        "\(path) is not a data set: it is the folder of a run; name the folder of the pictures")
    }
    let found = try recognise(folder)
    guard let first = found.first else {
      throw ZooError.corrupt(
        "\(path) is not a data set: \(summary(folder)); expected "
          + "classes as folders of pictures, VOC (Annotations/, JPEGImages/), COCO "
          + "(annotations/instances_*.json), YOLO (images/, labels/*.txt, data.yaml), pictures with "
          + "masks (images/, masks/), pictures with a table of classes, boxes or numbers (.csv), IDX "
          + "(*-images-idx3-ubyte) or CIFAR-10 (*.bin)")
    }
    guard found.count == 1 else {
      throw ZooError.corrupt(
        "\(path) may be several kinds of data set: "
          + found.map { "\($0.kind.rawValue) (\($0.evidence))" }.joined(separator: ", ")
          + "; name the folder or file of the one you mean")
    }
    return try first.read()
  }

  /// Pictures and their annotations in VOC's XML, in any two folders.
  public static func open(pictures: String, annotations: String) throws -> Dataset {
    try VOCReader(pictures, annotations: annotations).dataset()
  }

  private static func openFile(_ path: String) throws -> Dataset {
    guard access(path, F_OK) == 0 else {
      if NamePattern.isPattern(lastName(of: path)) {
        return try NumberedNamesReader(path).dataset()
      }
      throw ZooError.notFound("\(path) does not exist")
    }
    switch ending(of: path) {
    case "json": return try COCOReader(folderName(of: path), [lastName(of: path)]).dataset(path)
    case "yaml", "yml":
      return try YOLOReader(folderName(of: path), yaml: lastName(of: path)).dataset()
    case "csv": return try PictureTables.dataset(folderName(of: path), [lastName(of: path)])
    default:
      throw ZooError.usage(
        "\(path) is a file; a data set is a folder, COCO's .json, YOLO's .yaml or a .csv table"
      )
    }
  }

  private struct Candidate {
    let kind: Kind
    let evidence: String
    let read: () throws -> Dataset
  }

  private static func recognise(_ folder: Folder) throws -> [Candidate] {
    var found: [Candidate] = []
    if let place = try VOCReader.place(in: folder) {
      found.append(
        Candidate(kind: .voc, evidence: place.evidence(in: folder)) {
          try VOCReader(place, in: folder).dataset()
        })
    }
    for (place, within) in [(folder, ""), (try folder.folder("annotations"), "annotations/")] {
      let files = place?.files.filter { $0.hasPrefix("instances") && $0.hasSuffix(".json") } ?? []
      guard !files.isEmpty else { continue }
      found.append(
        Candidate(kind: .coco, evidence: within + files[0]) {
          try COCOReader(folder.path, files.map { within + $0 }).dataset(folder.path)
        })
      break
    }
    if let yaml = try YOLOReader.yaml(in: folder) {
      found.append(
        Candidate(kind: .yolo, evidence: yaml) {
          try YOLOReader(folder.path, yaml: yaml).dataset()
        })
    } else if try YOLOReader.hasLabels(folder) {
      found.append(
        Candidate(kind: .yolo, evidence: "labels/*.txt") {
          try YOLOReader(folder.path, yaml: nil).dataset()
        })
    }
    if let evidence = try MaskReader.evidence(in: folder) {
      found.append(
        Candidate(kind: .masks, evidence: evidence) { try MaskReader(folder.path).dataset() })
    }
    if let file = folder.files.first(where: IDXReader.isImageFile) {
      found.append(
        Candidate(kind: .idx, evidence: file) { try IDXReader(folder.path).dataset() })
    }
    if let file = folder.files.first(where: { CIFARReader.isRecordFile(folder.path($0)) }) {
      found.append(
        Candidate(kind: .cifar10, evidence: file) { try CIFARReader(folder.path).dataset() })
    }
    guard found.isEmpty else { return found }
    // Checked last, because any folder of folders of pictures looks like classes. A table beside
    // them may hold anything, unless it is called values.csv, or there is a single such folder.
    let classes = try ImageFolderReader.evidence(in: folder)
    let tables = try PictureTables.tables(in: folder)
    if let table = tables.first,
      try classes == nil || lastName(of: table) == "values.csv"
        || ImageFolderReader.hasSingleFolder(folder)
    {
      let kind = PictureTables.kind(of: try CSV(folder.path(table)), called: table)
      found.append(
        Candidate(kind: kind ?? .numbers, evidence: table) {
          try PictureTables.dataset(folder.path, tables)
        })
    } else if let classes {
      found.append(
        Candidate(kind: .imageFolder, evidence: classes) {
          try ImageFolderReader(folder.path).dataset()
        })
    }
    return found
  }

  private static func summary(_ folder: Folder) -> String {
    func some(_ names: [String]) -> String {
      names.isEmpty
        ? "" : " (" + names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", …)" : ")")
    }
    let text =
      "it contains \(folder.folders.count) folders\(some(folder.folders)) and "
      + "\(folder.files.count) files\(some(folder.files))"
    return text.printable
  }
}
