import Glibc
import ZooKit
import ZooStore
import ZooVision

/// The folder of an evaluation's contact sheets and of its table. Sheets of an earlier evaluation
/// are replaced, and removed if there are fewer now; no other file is touched.
struct MistakesFolder {
  private var drawings: DrawingFolder
  private var sheets: Set<String> = []

  var table: String { drawings.file("mistakes.csv") }
  /// The beginning of every table of mistakes.
  static let firstColumns = ["image", "kind"]

  /// Creates the folder if necessary.
  /// - Throws: if it has files with such names that are not an evaluation's.
  init(_ path: String) throws {
    drawings = try DrawingFolder(path)
    let old = entries(of: path).filter(Self.isSheet).sorted()
    if access(table, F_OK) == 0 {
      let begin = Self.firstColumns.joined(separator: ",") + ","
      let file = try RandomAccessFile(table)
      let head = try file.read(at: 0, count: min(file.size, begin.utf8.count))
      guard head.elementsEqual(begin.utf8) else {
        throw ZooError.cannotCreate(
          "\(table) is not an earlier evaluation's table of mistakes; choose another folder")
      }
    } else if let first = old.first {
      throw ZooError.cannotCreate(
        "\(path) has \(first) but no mistakes.csv, so it is not an earlier evaluation's; choose "
          + "another folder")
    }
  }

  /// Writes the next sheet: `sheet-001.png` and so on.
  /// - Returns: its path.
  mutating func write(_ sheet: Picture) throws -> String {
    let number = String(sheets.count + 1)
    let name = "sheet-" + String(repeating: "0", count: max(0, 3 - number.count)) + number
    sheets.insert("\(name).png")
    return try drawings.write(sheet, of: name)
  }

  /// Removes the sheets of an earlier evaluation that were not replaced.
  func removeOthers() {
    for name in entries(of: drawings.path) where Self.isSheet(name) && !sheets.contains(name) {
      unlink(drawings.file(name))
    }
  }

  /// `sheet-001.png`, with three digits or more.
  private static func isSheet(_ name: String) -> Bool {
    guard name.hasPrefix("sheet-"), name.hasSuffix(".png") else { return false }
    let digits = name.dropFirst(6).dropLast(4)
    return digits.count >= 3 && digits.allSatisfy { $0.isASCII && $0.isNumber }
  }
}
