import ZooKit
import ZooStore

extension TorchCheckpoint {
  /// A pickle only describes tensors, so a larger one is rejected.
  static let largestPickle = 64 << 20
  /// Our record of ten thousand classes has a fraction of it.
  static let largestRecord = 1 << 20

  /// `NAME/data.pkl` is the description, `NAME/data/KEY` are the storages.
  convenience init(_ archive: ZipArchive) throws {
    let file = archive.file
    let pickles = archive.entries.filter { $0.name.hasSuffix("/data.pkl") }
    guard let entry = pickles.first, pickles.count == 1 else {
      throw ZooError.corrupt("\(file.path): expected one data.pkl, not \(pickles.count)")
    }
    let folder = entry.name.dropLast("data.pkl".count)
    if archive["\(folder)constants.pkl"] != nil {
      throw ZooError.corrupt(
        "\(file.path) is a TorchScript program; expected a state dict, as "
          + "torch.save(model.state_dict(), …) writes it")
    }
    if let order = archive["\(folder)byteorder"] {
      let word = try archive.contents(of: order, atMost: 16)
      guard word == Array("little".utf8) else {
        throw ZooError.corrupt("\(file.path) was written big-endian, which is not supported")
      }
    }
    guard entry.bytes.count <= TorchCheckpoint.largestPickle else {
      throw ZooError.corrupt("\(file.path): a pickle of \(entry.bytes.count) bytes")
    }
    try archive.verify(entry)
    var stream = PickleStream(file, entry.bytes)
    let pickle = try PickleReader.read(from: &stream)
    let record = try archive["\(folder)\(TorchCheckpoint.recordName)"].map { entry in
      try JSON(
        parsing: archive.contents(of: entry, atMost: TorchCheckpoint.largestRecord),
        origin: "\(file.path): \(TorchCheckpoint.recordName)")
    }
    try self.init(file, format: "PyTorch zip", pickle: pickle, archive: archive, record: record) {
      keys in
      var records: [String: Record] = [:]
      for key in keys {
        if let entry = archive["\(folder)data/\(key)"] {
          records[key] = Record(bytes: entry.bytes, entry: entry)
        }
      }
      return records
    }
  }

  /// The start of the plain-pickle format: the pickle of 0x1950a86a20f9469cfc6c.
  static let magic: [UInt8] = [
    0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]

  /// Five pickles (magic number, version, machine, object, keys), then every storage: its count in
  /// 8 bytes, and its numbers.
  convenience init(plain file: RandomAccessFile) throws {
    var stream = PickleStream(file, 2 + TorchCheckpoint.magic.count..<file.size)
    let version = try PickleReader.read(from: &stream)
    guard version.integer(version.result) == 1001 else {
      throw ZooError.corrupt("\(file.path): not version 1001 of PyTorch's plain-pickle format")
    }
    let machine = try PickleReader.read(from: &stream)
    if machine.value("little_endian", of: machine.result) != .bool(true) {
      throw ZooError.corrupt("\(file.path) was written big-endian, which is not supported")
    }
    let pickle = try PickleReader.read(from: &stream)
    let keys = try PickleReader.read(from: &stream)
    guard let values = keys.items(keys.result) else {
      throw ZooError.corrupt("\(file.path): the list of storages is damaged")
    }
    let sizes = pickle.storageSizes()
    let start = stream.position
    try self.init(file, format: "PyTorch pickle", pickle: pickle, archive: nil) { _ in
      var records: [String: Record] = [:]
      var offset = start
      for value in values {
        guard let key = keys.string(value), let size = sizes[key] else {
          throw ZooError.corrupt("\(file.path): a storage that no tensor uses")
        }
        var header = ByteReader(try file.read(at: offset, count: 8), origin: file.path)
        let count = try header.integer(UInt64.self)
        let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow, bytes <= file.size - offset - 8 else {
          throw ZooError.corrupt(
            "\(file.path) is truncated: the storage \(key) declares \(count) numbers")
        }
        let range = offset + 8..<offset + 8 + bytes
        guard records.updateValue(Record(bytes: range), forKey: key) == nil else {
          throw ZooError.corrupt("\(file.path): the storage \(key) occurs twice")
        }
        offset = range.upperBound
      }
      guard offset == file.size else {
        throw ZooError.corrupt("\(file.path): \(file.size - offset) extra bytes at the end")
      }
      return records
    }
  }
}

extension Pickle {
  /// Bytes per element of every storage in the pickle, including skipped ones, because an
  /// optimiser's storages may lie between those of the model.
  func storageSizes() -> [String: Int] {
    var sizes: [String: Int] = [:]
    for node in nodes where node.kind == .persistent {
      guard let items = items(node.items[0]), items.count >= 5, let kind = global(items[1]),
        let key = string(items[2])
      else { continue }
      sizes[key] = Pickle.storageSize(kind)
    }
    return sizes
  }
}
