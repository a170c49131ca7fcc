import ZooKit
import ZooStore

extension Dataset {
  /// The group of every picture, such as its patient, by the picture's name.
  ///
  /// - Parameter rule: a pattern for file names with a field `{group}` (`{group}_*.png`; with a
  ///   slash also for folders, `{group}/*`), a table (`patients.csv`, or `patients.csv:patient` for
  ///   one of its columns), or the name of a column of a table beside the pictures.
  /// - Throws: if a picture has no group.
  public func groups(by rule: String) throws -> [String: String] {
    let names = splits.flatMap(\.items).map(\.name)
    let found =
      if NamePattern.isPattern(rule) {
        try groups(of: names, by: NamePattern(groups: rule))
      } else {
        try groups(of: names, in: groupTable(rule))
      }
    let without = names.filter { found[$0] == nil }
    guard let first = without.first else { return found }
    throw ZooError.corrupt(
      "\(without.count) of \(names.count) pictures of \(path) have no group by “\(rule)”; the first "
        + "is \(first.printable)")
  }

  private func groups(of names: [String], by pattern: NamePattern) -> [String: String] {
    Dictionary(names.compactMap { name in pattern.group(in: name).map { (name, $0) } }) { $1 }
  }

  private func groups(of names: [String], in table: (csv: CSV, column: Int)) throws
    -> [String: String]
  {
    let index = PictureIndex(names)
    let place = PictureTables.pictureColumn(table.csv)
    var groups: [String: String] = [:]
    for row in table.csv.rows {
      // A table may be about more pictures than those that are here.
      guard let name = try? index.path(of: row.cells[place]) else { continue }
      let group = row.cells[table.column]
      guard !group.isEmpty else { continue }
      if let other = groups.updateValue(group, forKey: name), other != group {
        throw ZooError.corrupt(
          "\(table.csv.path), line \(row.line): \(name.printable) is in the groups "
            + "“\(other.printable)” and “\(group.printable)”")
      }
    }
    return groups
  }

  /// The table that a rule names, and its column.
  private func groupTable(_ rule: String) throws -> (csv: CSV, column: Int) {
    if let (file, name) = Dataset.groupTable(rule) {
      let csv = try CSV(file)
      return (csv, try csv.groupColumn(name))
    }
    let tables: [String]
    if ending(of: path) == "csv" {
      tables = [path]
    } else {
      let folder = try Folder(path) ?? Folder(folderName(of: path))
      tables =
        folder.map { folder in
          folder.files.filter { ending(of: $0) == "csv" }.map { folder.path($0) }
        } ?? []
    }
    for table in tables {
      guard let csv = try? CSV(table), csv.header.contains(rule) else { continue }
      return (csv, try csv.groupColumn(rule))
    }
    throw ZooError.usage(
      "“\(rule)” gives no groups: it is no pattern with a field {group}, no .csv, and no column of "
        + (tables.isEmpty ? "a .csv in \(path)" : tables.joined(separator: ", ")))
  }

  /// The file of a rule `FILE.csv` or `FILE.csv:COLUMN`; nil if it is another rule.
  package static func groupTable(_ rule: String) -> (file: String, column: String?)? {
    if ending(of: rule) == "csv" { return (rule, nil) }
    guard let end = rule.firstRange(of: ".csv:"), end.upperBound < rule.endIndex else { return nil }
    return (String(rule[..<rule.index(before: end.upperBound)]), String(rule[end.upperBound...]))
  }
}

extension CSV {
  private static let groupColumns: Set<String> = [
    "group", "patient", "patient_id", "subject", "subject_id", "case", "case_id", "participant",
    "animal", "slide", "site",
  ]

  /// The column of that name, or the only one that can hold groups.
  fileprivate func groupColumn(_ name: String?) throws -> Int {
    if let name {
      guard let column = header.firstIndex(of: name) else {
        throw ZooError.corrupt(
          "\(path) has no column “\(name)”" + suggestion(name, among: header) + "; it has "
            + header.joined(separator: ", "))
      }
      return column
    }
    let usual = header.indices.filter { CSV.groupColumns.contains(header[$0].lowercased()) }
    let others = header.indices.filter { $0 != PictureTables.pictureColumn(self) }
    for columns in [usual, others] where columns.count == 1 { return columns[0] }
    throw ZooError.usage(
      "\(path) has the columns \(header.joined(separator: ", ")); name the one of the groups, as "
        + "\(path):\(header.last ?? "group")")
  }
}
