import ZooKit
import ZooStore
import ZooVision

extension Split {
  /// A digest of the pictures and annotations, to detect that a resumed run has other data: for
  /// each item the name, the annotation, the file's size, and its first and last bytes. It does not
  /// depend on the folder's location.
  public func fingerprint(classes: [String]) throws -> String {
    var digest = SHA256()
    var archives: Set<ObjectIdentifier> = []
    func add(_ text: String) { digest.update(Array(text.utf8) + [0]) }
    func add(file path: String) throws {
      let file = try RandomAccessFile(path)
      let part = min(file.size, 1024)
      add("\(file.size)")
      digest.update(try file.read(at: 0, count: part))
      digest.update(try file.read(at: file.size - part, count: part))
    }
    add("zoo data 1")
    for name in classes { add(name) }
    for item in items {
      add(item.name)
      switch item.source {
      case .file(let path): try add(file: path)
      case .raw(let archive, let offset, _, _, _):
        add("\(offset)")
        if archives.insert(ObjectIdentifier(archive)).inserted {
          archive.bytes.withUnsafeBytes { digest.update($0) }
        }
      }
      switch item.annotation {
      case .none: add("none")
      case .label(let index): add("label \(index)")
      case .labels(let set): add("labels \(set.sorted())")
      case .values(let values): add("values \(values.map(\.bitPattern))")
      case .boxes(let boxes, _), .fractions(let boxes):
        for box in boxes {
          let frame = box.frame
          add(
            "\(box.classIndex) \(box.isCrowd) \(box.isDifficult) \(frame.x0) \(frame.y0) "
              + "\(frame.x1) \(frame.y1)")
        }
      case .mask(let path, let values):
        add("mask \(values.values)")
        try add(file: path)
      }
    }
    return digest.hexadecimal
  }
}
