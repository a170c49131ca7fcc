import ZooKit

/// Pictures and masks in a table: a column of pictures and one of masks. Values and classes are those
/// of ``MaskReader``.
struct MaskTableReader {
  private let tables: PictureTables

  init(_ path: String, _ files: [String]) throws { tables = try PictureTables(path, files) }

  private static let maskColumns: Set<String> = [
    "mask", "masks", "mask_path", "label", "labels", "annotation", "segmentation", "target",
  ]

  /// The column of masks: one that is called so, and names pictures.
  static func column(of table: CSV) -> Int? {
    let picture = PictureTables.pictureColumn(table)
    return table.header.indices.first { column in
      column != picture && maskColumns.contains(table.header[column].lowercased())
        && table.rows.contains { isPictureName($0.cells[column]) }
    }
  }

  func dataset() throws -> Dataset {
    let path = tables.path
    var flaws = Flaws(path)
    var pairs: [MaskReader.Pair] = []
    let total = try tables.read(&flaws, columns: { table, _ in try columns(of: table) }) {
      row, column, _, name, split in
      let mask = try tables.pictures.path(of: row.cells[column])
      guard mask != name else {
        throw ZooError.corrupt("\(name.printable) is its own mask; name the folder of each")
      }
      pairs.append(
        MaskReader.Pair(split: split, picture: "\(path)/\(name)", mask: "\(path)/\(mask)"))
    }
    return try MaskReader(path).dataset(of: pairs, total, flaws)
  }

  private func columns(of table: CSV) throws -> Int {
    guard let column = Self.column(of: table) else {
      throw ZooError.corrupt("\(table.path) has no column of masks")
    }
    return column
  }
}
