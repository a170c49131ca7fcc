import ZooKit
import ZooStore
import ZooVision

/// Pascal VOC: `JPEGImages/1.jpg`, `Annotations/1.xml`, `ImageSets/Main/train.txt`, or the same in
/// folders of other names, or a picture and its XML side by side.
///
/// Coordinates are used as written. VOC's own count pixels from 1, which shifts boxes by at most
/// half a pixel.
struct VOCReader {
  let path: String
  private let pictures: Folder
  private let annotations: Folder

  /// Pictures and annotations in any two folders.
  init(_ pictures: String, annotations: String) throws {
    guard let there = try Folder(pictures) else {
      throw ZooError.notFound("\(pictures) is not a folder of pictures")
    }
    guard let xml = try Folder(annotations) else {
      throw ZooError.notFound("\(annotations) is not a folder of annotations")
    }
    guard !there.pictures.isEmpty else {
      throw ZooError.corrupt("\(pictures) has no picture files")
    }
    guard VOCReader.holdsXML(xml) else {
      throw ZooError.corrupt("\(annotations) has no *.xml, the annotations of VOC")
    }
    (path, self.pictures, self.annotations) = (pictures, there, xml)
  }

  /// A folder with both.
  init(_ place: Place, in folder: Folder) throws {
    guard let pictures = place.pictures else {
      throw ZooError.notFound(
        "\(folder.path) has \(place.annotations.path.dropFirst(folder.path.count + 1)), but no folder "
          + "of pictures: \(VOCReader.pictureFolders.joined(separator: ", "))")
    }
    (path, self.pictures, annotations) = (folder.path, pictures, place.annotations)
  }

  /// Where the files are.
  struct Place {
    let annotations: Folder
    /// Nil if no folder has a name for pictures.
    let pictures: Folder?

    /// “Annotations/*.xml”
    func evidence(in folder: Folder) -> String {
      String((annotations.path + "/*.xml").dropFirst(folder.path.count + 1))
    }
  }

  private static let pictureFolders = [
    "JPEGImages", "images", "Images", "image", "imgs", "img", "pictures", "photos",
  ]
  private static let annotationFolders = [
    "Annotations", "annotations", "annotation", "annots", "xmls", "xml", "labels",
  ]

  /// Nil if there is no XML.
  static func place(in folder: Folder) throws -> Place? {
    var annotations: Folder?
    for name in annotationFolders where annotations == nil && folder.folders.contains(name) {
      let here = try Folder(folder.path(name))
      annotations = try [here, here?.folder("xmls")].compactMap { $0 }.first(where: holdsXML)
    }
    if let annotations {
      let pictures = try pictureFolders.first(where: folder.folders.contains).flatMap {
        try Folder(folder.path($0))
      }
      return Place(
        annotations: annotations, pictures: pictures ?? (folder.pictures.isEmpty ? nil : folder))
    }
    guard holdsXML(folder), !folder.pictures.isEmpty else { return nil }
    return Place(annotations: folder, pictures: folder)
  }

  private static func holdsXML(_ folder: Folder) -> Bool {
    folder.files.contains { ending(of: $0) == "xml" }
  }

  private struct Page {
    let file: String
    let size: Window.Size?
    let boxes: [(frame: Frame, name: String, isDifficult: Bool)]
  }

  func dataset() throws -> Dataset {
    var files: [String: String] = [:]
    for file in pictures.pictures { files[stem(of: file)] = file }
    var flaws = Flaws(path)
    var total = 0
    var pages: [(split: String, pages: [Page])] = []
    var read: [String: Page] = [:]
    for (split, names) in try sets() {
      var found: [Page] = []
      total += names.count
      for name in names {
        do {
          let page = try read[name] ?? self.page(name, files[name], &flaws)
          read[name] = page
          found.append(page)
        } catch let error as ZooError {
          flaws.drop(error.message)
        }
      }
      pages.append((split, found))
    }
    let names = Set(pages.flatMap { $0.pages.flatMap { $0.boxes.map(\.name) } })
    let classes = names.sorted(by: naturallyPrecedes)
    let indices = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    let splits = pages.map { split, pages in
      Split(
        name: split,
        items: pages.map { page in
          let boxes = page.boxes.compactMap { box in
            indices[box.name].map {
              ObjectBox(box.frame, classIndex: $0, isDifficult: box.isDifficult)
            }
          }
          return Item(
            name: page.file, source: .file(pictures.path(page.file)),
            annotation: .boxes(boxes, of: page.size))
        })
    }
    return try Dataset(
      path, .voc, .detection, classes: classes, splits: splits,
      warnings: flaws.warnings(of: total))
  }

  /// The lists of `ImageSets/Main`; if there are none, all annotations.
  private func sets() throws -> [(String, [String])] {
    var sets: [(String, [String])] = []
    if let folder = try Folder("\(path)/ImageSets/Main") {
      for name in ["train", "val", "test", "trainval"] where folder.files.contains("\(name).txt") {
        // Its two parts are already there.
        if name == "trainval", sets.contains(where: { $0.0 != "test" }) { continue }
        let list = try lines(of: folder.path("\(name).txt")).map { line in
          String(line.split(whereSeparator: \.isWhitespace).first ?? "")
        }
        for entry in list where !isWithin(entry) || entry.contains("/") {
          throw ZooError.corrupt(
            "\(folder.path)/\(name).txt: “\(entry.printable)” is not the name of a picture")
        }
        sets.append((name == "trainval" ? "train" : name, list))
      }
    }
    if sets.isEmpty {
      sets = [("all", annotations.files.filter { ending(of: $0) == "xml" }.map(stem))]
    }
    return sets
  }

  private func page(_ name: String, _ file: String?, _ flaws: inout Flaws) throws -> Page {
    let path = annotations.path("\(name).xml")
    guard let file else {
      throw ZooError.notFound("\(pictures.path(name)).jpg does not exist")
    }
    let stored = try RandomAccessFile(path)
    guard stored.size <= 16 << 20 else {
      throw ZooError.corrupt("\(path) has \(byteCount(stored.size)), at most 16 MB are read")
    }
    let xml = try XML(parsing: try stored.read(at: 0, count: stored.size), origin: path)
    guard xml.root.name == "annotation" else {
      throw ZooError.corrupt("\(path) is <\(xml.root.name.printable)>; expected <annotation>")
    }
    var size: Window.Size?
    if let stated = xml.child(of: xml.root, "size"),
      let width = xml.text(of: stated, "width").flatMap({ Int($0) }),
      let height = xml.text(of: stated, "height").flatMap({ Int($0) }), width > 0, height > 0
    {
      size = Window.Size(height, width)
    }
    var boxes: [(Frame, String, Bool)] = []
    for object in xml.children(of: xml.root, "object") {
      guard let label = xml.text(of: object, "name"), !label.isEmpty else {
        throw ZooError.corrupt("\(path): an object has no name")
      }
      guard let box = xml.child(of: object, "bndbox") else {
        throw ZooError.corrupt("\(path): “\(label.printable)” has no bndbox")
      }
      func corner(_ key: String) throws -> Double {
        let text = xml.text(of: box, key)
        guard let text, let number = Double(text), number.isFinite else {
          throw ZooError.corrupt(
            "\(path): \(key) of “\(label.printable)” is “\((text ?? "missing").printable)”; "
              + "expected a number")
        }
        return number
      }
      let frame = Frame(
        x0: try corner("xmin"), y0: try corner("ymin"), x1: try corner("xmax"),
        y1: try corner("ymax"))
      if let frame = sound(frame, size, path, label, &flaws) {
        boxes.append((frame, label, xml.text(of: object, "difficult") == "1"))
      }
    }
    return Page(file: file, size: size, boxes: boxes)
  }
}

/// The part of a box within its picture; nil, with a warning, if nothing is left.
func sound(
  _ frame: Frame, _ size: Window.Size?, _ origin: String, _ label: String, _ flaws: inout Flaws
) -> Frame? {
  var clipped = frame
  if let size {
    let (width, height) = (Double(size.width), Double(size.height))
    clipped = Frame(
      x0: min(max(frame.x0, 0), width), y0: min(max(frame.y0, 0), height),
      x1: min(max(frame.x1, 0), width), y1: min(max(frame.y1, 0), height))
  }
  guard clipped.width > 0, clipped.height > 0 else {
    flaws.note(
      "\(origin): the box \(decimal(frame.x0, digits: 1)), \(decimal(frame.y0, digits: 1)), "
        + "\(decimal(frame.x1, digits: 1)), \(decimal(frame.y1, digits: 1)) of “\(label)” "
        + "is empty and is skipped")
    return nil
  }
  return clipped
}
