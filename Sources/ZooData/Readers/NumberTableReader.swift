import ZooKit

/// Numbers beside pictures: a table with a column of file names and a column of numbers for each
/// output. It is called `values.csv` or `labels.csv`, or anything if it is the only one.
struct NumberTableReader {
  private let tables: PictureTables

  init(_ path: String, _ files: [String]) throws { tables = try PictureTables(path, files) }

  func dataset() throws -> Dataset {
    let path = tables.path
    var flaws = Flaws(path)
    var outputs: [String] = []
    var first: String?
    var splits: [String: [Item]] = [:]
    var lines: [String: String] = [:]
    let total = try tables.read(
      &flaws,
      columns: { table, flaws in
        let columns = try Columns(table, &flaws)
        let names = columns.outputs.map(\.name)
        if let first, Set(outputs) != Set(names) {
          throw ZooError.corrupt(
            "\(table.path) has the numbers \(listed(names)), \(first) has \(listed(outputs))")
        }
        if first == nil { (outputs, first) = (names, lastName(of: table.path)) }
        return columns
      }
    ) { row, columns, table, name, split in
      let values = try outputs.map { try columns.number($0, row, table) }
      let place = "\(table.path), line \(row.line)"
      if let other = lines.updateValue(place, forKey: name) {
        throw ZooError.corrupt("\(name.printable) already occurs in \(other)")
      }
      splits[split, default: []].append(
        Item(name: name, source: .file("\(path)/\(name)"), annotation: .values(values)))
    }
    if lines.count < tables.pictures.count {
      flaws.note("\(path): \(tables.pictures.count - lines.count) pictures have no numbers")
    }
    return try Dataset(
      path, .numbers, .regression, classes: outputs,
      splits: splits.map { Split(name: $0.key, items: $0.value) },
      warnings: flaws.warnings(of: total))
  }

  private func listed(_ names: [String]) -> String {
    names.map(\.printable).joined(separator: ", ")
  }
}

extension NumberTableReader {
  /// What the columns of a table hold.
  private struct Columns {
    private(set) var outputs: [(name: String, column: Int)] = []

    /// A column whose cells are mostly not numbers is skipped, and named.
    init(_ table: CSV, _ flaws: inout Flaws) throws {
      let picture = PictureTables.pictureColumn(table)
      let split = PictureTables.splitColumn(table)
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
