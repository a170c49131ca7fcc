import ZooKit
import ZooStore
import ZooVision

/// CIFAR-10's binary version: records of a label and 32×32 pixels, plane by plane. Files whose
/// names start with `test` are the test set.
struct CIFARReader {
  let path: String

  init(_ path: String) { self.path = path }

  private static let side = 32
  private static let recordSize = 1 + 3 * side * side

  static let classes = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]

  /// Whether a file consists of whole records with at most ten classes among the first ones.
  static func isRecordFile(_ path: String) -> Bool {
    guard ending(of: path) == "bin", let file = try? RandomAccessFile(path),
      file.size > 0, file.size % recordSize == 0
    else { return false }
    return (0..<min(file.size / recordSize, 16)).allSatisfy { index in
      (try? file.read(at: index * recordSize, count: 1)[0] < 10) ?? false
    }
  }

  func dataset() throws -> Dataset {
    guard let folder = try Folder(path) else { throw ZooError.notFound("\(path) does not exist") }
    var items: [String: [Item]] = [:]
    for name in folder.files where CIFARReader.isRecordFile(folder.path(name)) {
      let file = try RandomAccessFile(folder.path(name))
      let archive = Archive(
        path: file.path, bytes: try file.read(at: 0, count: file.size))
      let split = name.hasPrefix("test") ? "test" : "train"
      for record in 0..<file.size / CIFARReader.recordSize {
        let start = record * CIFARReader.recordSize
        let label = Int(archive.bytes[start])
        guard label < 10 else {
          throw ZooError.corrupt(
            "\(file.path): record \(record) has label \(label); expected 0 to 9")
        }
        items[split, default: []].append(
          Item(
            name: "\(name)/\(record)",
            source: .raw(
              archive, offset: start + 1, size: Window.Size(CIFARReader.side), channels: 3,
              isPlanar: true),
            annotation: .label(label)))
      }
    }
    return try Dataset(
      path, .cifar10, .classification, classes: CIFARReader.classes,
      splits: items.sorted { $0.key < $1.key }.map { Split(name: $0.key, items: $0.value) })
  }
}
