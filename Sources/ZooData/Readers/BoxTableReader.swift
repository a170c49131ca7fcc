import ZooKit
import ZooVision

/// Boxes beside pictures: a table with a row for each object, with its picture, its corners and its
/// class. A picture without objects has a row without corners.
///
/// Corners are in pixels, or shares of the picture if no number exceeds 1.
struct BoxTableReader {
  private let tables: PictureTables

  init(_ path: String, _ files: [String]) throws { tables = try PictureTables(path, files) }

  /// The places of the columns.
  struct Columns {
    /// Left, top, and right and bottom, or width and height.
    let box: [Int]
    let hasCorners: Bool
    let label: Int?
    /// The picture's width and height.
    let size: [Int]?

    /// Nil if there are no boxes.
    init?(_ table: CSV) {
      let names = table.header.map {
        $0.lowercased().replacing("_", with: "").replacing(" ", with: "")
      }
      func places(_ wanted: [[String]]) -> [Int]? {
        let found = wanted.compactMap { words in names.firstIndex(where: words.contains) }
        return found.count == wanted.count ? found : nil
      }
      let corners = places([
        ["xmin", "x1", "x0", "left"], ["ymin", "y1", "y0", "top"], ["xmax", "x2", "right"],
        ["ymax", "y2", "bottom"],
      ]).flatMap { Set($0).count == 4 ? $0 : nil }
      label = names.firstIndex {
        ["class", "label", "classname", "labelname", "category", "name", "object"].contains($0)
      }
      // Without a class, these may be numbers to learn.
      let sides = label == nil ? nil : places([["x"], ["y"], ["w", "width"], ["h", "height"]])
      guard let box = corners ?? sides else { return nil }
      (self.box, hasCorners) = (box, corners != nil)
      size = corners == nil ? nil : places([["width"], ["height"]])
    }
  }

  func dataset() throws -> Dataset {
    let path = tables.path
    var flaws = Flaws(path)
    var pages: [String: Page] = [:]
    var order: [String] = []
    var largest = 0.0
    let total = try tables.read(&flaws, columns: { table, _ in try columns(of: table) }) {
      row, columns, table, name, split in
      if pages[name] == nil {
        pages[name] = Page(split: split, size: size(row, columns))
        order.append(name)
      }
      guard columns.box.contains(where: { !row.cells[$0].isEmpty }) else { return }
      let numbers = try columns.box.map { column -> Double in
        guard let number = table.number(row.cells[column]) else {
          throw ZooError.corrupt(
            "\(table.header[column].printable) is “\(row.cells[column].printable)”, expected a "
              + "number")
        }
        return Double(number)
      }
      var frame = Frame(x0: numbers[0], y0: numbers[1], x1: numbers[2], y1: numbers[3])
      if !columns.hasCorners { (frame.x1, frame.y1) = (frame.x0 + frame.x1, frame.y0 + frame.y1) }
      let label = columns.label.map { row.cells[$0] } ?? "object"
      guard !label.isEmpty else { throw ZooError.corrupt("the box has no class") }
      largest = max(largest, frame.x1, frame.y1)
      pages[name]?.boxes.append((frame, label, "\(table.path), line \(row.line)"))
    }
    let isRelative = largest <= 1 && largest > 0
    let classes = Set(pages.values.flatMap { $0.boxes.map(\.label) }).sorted(by: naturallyPrecedes)
    let indices = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    var splits: [String: [Item]] = [:]
    for name in order {
      guard let page = pages[name] else { continue }
      let size = isRelative ? Window.Size(1, 1) : page.size
      let boxes = page.boxes.compactMap { box in
        sound(box.frame, size, box.place, box.label, &flaws).flatMap { frame in
          indices[box.label].map { ObjectBox(frame, classIndex: $0) }
        }
      }
      splits[page.split, default: []].append(
        Item(
          name: name, source: .file("\(path)/\(name)"),
          annotation: isRelative ? .fractions(boxes) : .boxes(boxes, of: page.size)))
    }
    if order.count < tables.pictures.count {
      flaws.note("\(path): \(tables.pictures.count - order.count) pictures are in no row")
    }
    return try Dataset(
      path, .boxTable, .detection, classes: classes,
      splits: splits.map { Split(name: $0.key, items: $0.value) },
      warnings: flaws.warnings(of: total))
  }

  private struct Page {
    let split: String
    let size: Window.Size?
    var boxes: [(frame: Frame, label: String, place: String)] = []
  }

  private func size(_ row: CSV.Row, _ columns: Columns) -> Window.Size? {
    guard let size = columns.size, let width = Int(row.cells[size[0]]),
      let height = Int(row.cells[size[1]]), width > 0, height > 0
    else { return nil }
    return Window.Size(height, width)
  }

  private func columns(of table: CSV) throws -> Columns {
    guard let columns = Columns(table) else {
      throw ZooError.corrupt("\(table.path) has no columns of boxes: xmin, ymin, xmax, ymax")
    }
    return columns
  }
}
