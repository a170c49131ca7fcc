import ZooKit

/// Numbers beside pictures: a table with a column of file names and a column of numbers for each
/// output.
///
/// The table is called `values.csv` or `labels.csv`, or anything if it is the only one. Splits come
/// from a column `split`, from tables called `train.csv` and `val.csv`, or from folders `train/` and
/// `val/` that hold the pictures or a table each.
struct NumberTableReader {
  let path: String
  /// From the path on.
  let files: [String]

  private static let pictureColumns: Set<String> = [
    "file", "filename", "file_name", "file name", "image", "image_name", "path", "picture",
    "photo", "img",
  ]
  private static let splitColumns: Set<String> = ["split", "set", "subset"]

  init(_ path: String, _ files: [String]) {
    self.path = path
    self.files = files
  }

  // MARK: Recognition

  /// The tables of a folder whose rows name pictures and numbers.
  static func tables(in folder: Folder) throws -> [String] {
    func tables(_ folder: Folder, _ prefix: String) throws -> [String] {
      let tables = folder.files.filter { ending(of: $0) == "csv" }
      for name in ["values.csv", "labels.csv"] where tables.contains(name) {
        if isTable(folder.path(name)) { return [prefix + name] }
      }
      let found = tables.filter { isTable(folder.path($0)) }
      let splits = found.filter { splitNames[stem(of: $0).lowercased()] != nil }
      return (splits.isEmpty ? found : splits).map { prefix + $0 }
    }
    let here = try tables(folder, "")
    guard here.isEmpty else { return here }
    return try folder.folders.filter { splitNames[$0.lowercased()] != nil }.flatMap { name in
      try Folder(folder.path(name)).map { try tables($0, name + "/") } ?? []
    }
  }

  /// The first row names a picture and has a number.
  private static func isTable(_ path: String) -> Bool {
    guard let table = try? CSV(path, most: 1), let row = table.rows.first else { return false }
    let place = pictureColumn(table)
    return isPictureName(row.cells[place])
      && row.cells.indices.contains { $0 != place && table.number(row.cells[$0]) != nil }
  }

  private static func pictureColumn(_ table: CSV) -> Int {
    table.header.firstIndex { pictureColumns.contains($0.lowercased()) } ?? 0
  }

  // MARK: Reading

  func dataset() throws -> Dataset {
    guard files.count == 1 || files.allSatisfy({ split(ofFile: $0) != nil }) else {
      throw ZooError.corrupt(
        "\(path) has several tables: \(files.joined(separator: ", ")); name the one you mean")
    }
    guard let folder = try Folder(path) else { throw ZooError.notFound("\(path) does not exist") }
    let pictures = PictureIndex(try folder.allPictures())
    var flaws = Flaws(path)
    var outputs: [String] = []
    var splits: [String: [Item]] = [:]
    var lines: [String: String] = [:]
    var total = 0
    for file in files {
      let table = try CSV("\(path)/\(file)")
      let columns = try Columns(table, &flaws)
      if outputs.isEmpty { outputs = columns.outputs.map(\.name) }
      guard Set(outputs) == Set(columns.outputs.map(\.name)) else {
        throw ZooError.corrupt(
          "\(table.path) has the numbers \(listed(columns.outputs.map(\.name))), \(files[0]) has "
            + listed(outputs))
      }
      total += table.rows.count
      for row in table.rows {
        let place = "\(table.path), line \(row.line)"
        do {
          let (name, values) = (
            try picture(row.cells[columns.picture], file, pictures),
            try outputs.map { try columns.number($0, row, table) }
          )
          if let other = lines.updateValue(place, forKey: name) {
            throw ZooError.corrupt("\(name.printable) already occurs in \(other)")
          }
          let split = try split(of: row, columns, file, name)
          splits[split, default: []].append(
            Item(name: name, source: .file("\(path)/\(name)"), annotation: .values(values)))
        } catch let error as ZooError {
          flaws.drop("\(place): \(error.message)")
        }
      }
    }
    if lines.count < pictures.count {
      flaws.note("\(path): \(pictures.count - lines.count) pictures have no numbers")
    }
    return try Dataset(
      path, .numbers, .regression, classes: outputs,
      splits: splits.map { Split(name: $0.key, items: $0.value) },
      warnings: flaws.warnings(of: total))
  }

  /// A table in `train/` names the pictures there.
  private func picture(_ name: String, _ file: String, _ pictures: PictureIndex) throws -> String {
    guard !name.isEmpty else { throw ZooError.corrupt("no picture is named") }
    if file.contains("/"), let path = try? pictures.path(of: "\(folderName(of: file))/\(name)") {
      return path
    }
    return try pictures.path(of: name)
  }

  private func split(
    of row: CSV.Row, _ columns: Columns, _ file: String, _ picture: String
  ) throws -> String {
    if let column = columns.split {
      let word = row.cells[column]
      guard let split = splitNames[word.lowercased()] else {
        throw ZooError.corrupt(
          "the split is “\(word.printable)”; expected train, val or test")
      }
      return split
    }
    return split(ofFile: file) ?? split(ofFolder: picture) ?? "all"
  }

  /// `train.csv` and `train/values.csv` are about `train`.
  private func split(ofFile file: String) -> String? {
    splitNames[stem(of: lastName(of: file)).lowercased()] ?? split(ofFolder: file)
  }

  private func split(ofFolder path: String) -> String? {
    path.split(separator: "/").dropLast().lazy.compactMap { splitNames[$0.lowercased()] }.first
  }

  private func listed(_ names: [String]) -> String {
    names.map(\.printable).joined(separator: ", ")
  }
}

extension NumberTableReader {
  /// What the columns of a table hold.
  private struct Columns {
    let picture: Int
    let split: Int?
    private(set) var outputs: [(name: String, column: Int)] = []

    /// A column whose cells are mostly not numbers is skipped, and named.
    init(_ table: CSV, _ flaws: inout Flaws) throws {
      picture = NumberTableReader.pictureColumn(table)
      split = table.header.firstIndex {
        NumberTableReader.splitColumns.contains($0.lowercased())
      }
      guard table.header.allSatisfy({ table.number($0) == nil && !isPictureName($0) }) else {
        throw ZooError.corrupt("\(table.path), line 1: expected the names of the columns")
      }
      for (column, name) in table.header.enumerated() where column != picture && column != split {
        let numbers = table.rows.count { table.number($0.cells[column]) != nil }
        guard 2 * numbers >= table.rows.count, numbers > 0 else {
          flaws.note("\(table.path): the column “\(name)” contains no numbers and is skipped")
          continue
        }
        guard !name.isEmpty, !outputs.contains(where: { $0.name == name }) else {
          throw ZooError.corrupt(
            "\(table.path), line 1: column \(column + 1) has no name, or that of another")
        }
        outputs.append((name, column))
      }
      guard !outputs.isEmpty else {
        throw ZooError.corrupt(
          "\(table.path) has no column of numbers beside “\(table.header[picture].printable)”")
      }
    }

    func number(_ name: String, _ row: CSV.Row, _ table: CSV) throws -> Float {
      guard let column = outputs.first(where: { $0.name == name })?.column,
        let number = table.number(row.cells[column])
      else {
        let cell = outputs.first { $0.name == name }.map { row.cells[$0.column] } ?? ""
        throw ZooError.corrupt("\(name.printable) is “\(cell.printable)”; expected a number")
      }
      return number
    }
  }
}
