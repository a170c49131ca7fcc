import ZooKit

/// Tables with a row for each picture, or for each object in one: what their readers share.
///
/// A column names the pictures. Splits come from a column `split`, from tables called `train.csv`
/// and `val.csv`, or from folders `train/` and `val/` that hold the pictures or a table each.
struct PictureTables {
  let path: String
  /// From the path on.
  let files: [String]
  let pictures: PictureIndex

  init(_ path: String, _ files: [String]) throws {
    self.path = path
    self.files = files
    guard let folder = try Folder(path) else { throw ZooError.notFound("\(path) does not exist") }
    pictures = PictureIndex(try folder.allPictures())
    guard files.count == 1 || files.allSatisfy({ split(ofFile: $0) != nil }) else {
      throw ZooError.corrupt(
        "\(path) has several tables: \(files.joined(separator: ", ")); name the one you mean")
    }
  }

  // MARK: Recognition

  private static let pictureColumns: Set<String> = [
    "file", "filename", "file_name", "file name", "image", "image_name", "image_id", "imageid",
    "path", "picture", "photo", "img",
  ]
  private static let splitColumns: Set<String> = ["split", "set", "subset"]

  /// The tables of a folder whose rows name pictures and something about them.
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

  /// The first row names a picture, and something about it.
  private static func isTable(_ path: String) -> Bool {
    guard let table = try? CSV(path, most: 1), let row = table.rows.first,
      isPictureName(row.cells[pictureColumn(table)]), let kind = kind(of: table, called: path)
    else { return false }
    return kind != .numbers || hasNumbers(table)
  }

  /// The column of file names: one that is called so, else the first.
  static func pictureColumn(_ table: CSV) -> Int {
    table.header.firstIndex { pictureColumns.contains($0.lowercased()) } ?? 0
  }

  static func splitColumn(_ table: CSV) -> Int? {
    table.header.firstIndex { splitColumns.contains($0.lowercased()) }
  }

  /// What the rows are about: boxes if there are their corners, masks if a second column names
  /// pictures, classes if a column is called so or is the only one and no number, else numbers. A
  /// table called `values.csv` has numbers.
  static func kind(of table: CSV, called path: String) -> Dataset.Kind? {
    if lastName(of: path) == "values.csv" { return .numbers }
    if BoxTableReader.Columns(table) != nil { return .boxTable }
    if MaskTableReader.column(of: table) != nil { return .masks }
    if LabelTableReader.column(of: table) != nil { return .labelTable }
    return hasNumbers(table) ? .numbers : nil
  }

  private static func hasNumbers(_ table: CSV) -> Bool {
    let (picture, split) = (pictureColumn(table), splitColumn(table))
    return table.rows.contains { row in
      row.cells.indices.contains {
        $0 != picture && $0 != split && table.number(row.cells[$0]) != nil
      }
    }
  }

  /// The data set of tables of one kind.
  static func dataset(_ path: String, _ files: [String]) throws -> Dataset {
    let table = try CSV("\(path)/\(files[0])")
    switch kind(of: table, called: files[0]) {
    case .boxTable: return try BoxTableReader(path, files).dataset()
    case .masks: return try MaskTableReader(path, files).dataset()
    case .labelTable: return try LabelTableReader(path, files).dataset()
    case .numbers: return try NumberTableReader(path, files).dataset()
    default:
      throw ZooError.corrupt(
        "\(table.path) has beside “\(table.header[pictureColumn(table)].printable)” neither classes "
          + "(a column label or class), nor boxes (xmin, ymin, xmax, ymax), nor masks, nor numbers")
    }
  }

  // MARK: Reading

  /// Reads all rows. A row that the body rejects is a flaw, named by its line.
  /// - Parameters:
  ///   - columns: the places of the columns that the body needs, for each table.
  ///   - body: gets a row, its columns, its table, the picture's path and the split.
  /// - Returns: how many rows there are.
  func read<Columns>(
    _ flaws: inout Flaws, columns: (CSV, inout Flaws) throws -> Columns,
    _ body: (CSV.Row, Columns, CSV, String, String) throws -> Void
  ) throws -> Int {
    var total = 0
    for file in files {
      let table = try CSV("\(path)/\(file)")
      let found = try columns(table, &flaws)
      let (picture, split) = (
        PictureTables.pictureColumn(table), PictureTables.splitColumn(table)
      )
      total += table.rows.count
      for row in table.rows {
        do {
          let name = try self.picture(row.cells[picture], file)
          let part = try self.split(split.map { row.cells[$0] }, file, name)
          try body(row, found, table, name, part)
        } catch let error as ZooError {
          flaws.drop("\(table.path), line \(row.line): \(error.message)")
        }
      }
    }
    return total
  }

  /// A table in `train/` names the pictures there.
  private func picture(_ name: String, _ file: String) throws -> String {
    guard !name.isEmpty else { throw ZooError.corrupt("no picture is named") }
    if file.contains("/"), let path = try? pictures.path(of: "\(folderName(of: file))/\(name)") {
      return path
    }
    return try pictures.path(of: name)
  }

  private func split(_ word: String?, _ file: String, _ picture: String) throws -> String {
    if let word {
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
}
