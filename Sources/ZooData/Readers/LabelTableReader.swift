import ZooKit

/// Classes beside pictures: a table with a column of file names and a column `label` or `class`.
///
/// Several classes of one picture are joined with a bar: `edema|effusion`.
struct LabelTableReader {
  private let tables: PictureTables

  init(_ path: String, _ files: [String]) throws { tables = try PictureTables(path, files) }

  private static let labelColumns: Set<String> = [
    "label", "labels", "class", "classes", "classname", "class_name", "category", "target",
    "species", "diagnosis",
  ]
  private static let separator: Character = "|"

  /// The column of classes; nil if there is none. Fractions under such a name are numbers, not
  /// classes.
  static func column(of table: CSV) -> Int? {
    let (picture, split) = (PictureTables.pictureColumn(table), PictureTables.splitColumn(table))
    let others = table.header.indices.filter { $0 != picture && $0 != split }
    func isOfFractions(_ column: Int) -> Bool {
      table.rows.contains { row in
        table.number(row.cells[column]).map { $0 != $0.rounded() } ?? false
      }
    }
    if let named = others.first(where: { labelColumns.contains(table.header[$0].lowercased()) }) {
      return isOfFractions(named) ? nil : named
    }
    // A single other column of words.
    guard others.count == 1, let only = others.first,
      !table.rows.contains(where: { table.number($0.cells[only]) != nil })
    else { return nil }
    return only
  }

  func dataset() throws -> Dataset {
    let path = tables.path
    var flaws = Flaws(path)
    var rows: [(name: String, split: String, labels: [String])] = []
    var lines: [String: String] = [:]
    let total = try tables.read(&flaws, columns: { table, _ in try columns(of: table) }) {
      row, column, table, name, split in
      let labels = row.cells[column].split(separator: Self.separator).map { trimmed($0) }
      guard !labels.isEmpty, !labels.contains("") else {
        throw ZooError.corrupt("“\(table.header[column].printable)” names no class")
      }
      let place = "\(table.path), line \(row.line)"
      if let other = lines.updateValue(place, forKey: name) {
        throw ZooError.corrupt("\(name.printable) already occurs in \(other)")
      }
      rows.append((name, split, labels))
    }
    if lines.count < tables.pictures.count {
      flaws.note("\(path): \(tables.pictures.count - lines.count) pictures have no class")
    }
    let classes = Set(rows.flatMap(\.labels)).sorted(by: naturallyPrecedes)
    guard classes.count <= max(100, rows.count / 2) else {
      throw ZooError.corrupt(
        "\(path): \(rows.count) pictures have \(classes.count) different classes, such as "
          + "\(classes[0].printable); are they classes?")
    }
    let indices = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    let isMany = rows.contains { $0.labels.count > 1 }
    var splits: [String: [Item]] = [:]
    for row in rows {
      let found = row.labels.compactMap { indices[$0] }
      splits[row.split, default: []].append(
        Item(
          name: row.name, source: .file("\(path)/\(row.name)"),
          annotation: isMany ? .labels(Set(found)) : .label(found[0])))
    }
    return try Dataset(
      path, .labelTable, .classification, classes: classes,
      splits: splits.map { Split(name: $0.key, items: $0.value) },
      warnings: flaws.warnings(of: total))
  }

  private func columns(of table: CSV) throws -> Int {
    guard let column = Self.column(of: table) else {
      throw ZooError.corrupt("\(table.path) has no column of classes, such as label or class")
    }
    return column
  }
}
