import CZlib
import ZooKit
import ZooStore

/// A zip archive of stored entries, as PyTorch and Keras write them.
///
/// Readers that trust different parts of a zip see different files in it. This one accepts only
/// archives that can be read in one way: one end record at the very end, the directory right before
/// it, local headers that repeat it, no repeated names and no overlapping entries.
struct ZipArchive: Sendable {
  struct Entry: Sendable {
    let name: String
    /// The range of its data in the file.
    let bytes: Range<Int>
    let checksum: UInt32
  }

  let file: RandomAccessFile
  let entries: [Entry]
  private let index: [String: Int]

  subscript(name: String) -> Entry? { index[name].map { entries[$0] } }

  /// Reads the directory and every local header, but no data.
  init(_ file: RandomAccessFile) throws {
    let directory = try Directory(file)
    var entries: [Entry] = []
    var index: [String: Int] = [:]
    var extents: [Range<Int>] = []
    var reader = ByteReader(
      try file.read(at: directory.bytes.lowerBound, count: directory.bytes.count),
      origin: file.path)
    for _ in 0..<directory.count {
      let record = try CentralRecord(&reader)
      let start = try record.dataOffset(in: file)
      let (end, overflow) = start.addingReportingOverflow(record.size)
      guard !overflow, end <= directory.bytes.lowerBound else {
        throw ZooError.corrupt("\(file.path): the entry \(record.name) extends beyond the archive")
      }
      guard index.updateValue(entries.count, forKey: record.name) == nil else {
        throw ZooError.corrupt("\(file.path): the entry \(record.name) occurs twice")
      }
      entries.append(Entry(name: record.name, bytes: start..<end, checksum: record.checksum))
      extents.append(record.offset..<end)
    }
    guard reader.left == 0 else {
      throw ZooError.corrupt("\(file.path): \(reader.left) extra bytes in the zip directory")
    }
    extents.sort { $0.lowerBound < $1.lowerBound }
    for (first, second) in zip(extents, extents.dropFirst())
    where second.lowerBound < first.upperBound {
      throw ZooError.corrupt("\(file.path): two entries of the zip overlap at \(second.lowerBound)")
    }
    self.file = file
    self.entries = entries
    self.index = index
  }

  /// Verifies the checksum of an entry.
  func verify(_ entry: Entry) throws { try pieces(of: entry) { _ in } }

  /// The data of an entry, piece by piece; throws at the end if the checksum is wrong.
  func pieces(of entry: Entry, _ body: ([UInt8]) throws -> Void) throws {
    var checksum = crc32_z(0, nil, 0)
    var offset = entry.bytes.lowerBound
    while offset < entry.bytes.upperBound {
      let piece = try file.read(at: offset, count: min(1 << 20, entry.bytes.upperBound - offset))
      checksum = crc32_z(checksum, piece, piece.count)
      offset += piece.count
      try body(piece)
    }
    try check(UInt32(truncatingIfNeeded: checksum), of: entry)
  }

  /// Reads a whole entry and verifies its checksum.
  func read(_ entry: Entry, into buffer: UnsafeMutableRawBufferPointer) throws {
    try file.read(into: buffer, at: entry.bytes.lowerBound)
    let bytes = buffer.bindMemory(to: UInt8.self)
    let checksum = crc32_z(crc32_z(0, nil, 0), bytes.baseAddress, bytes.count)
    try check(UInt32(truncatingIfNeeded: checksum), of: entry)
  }

  /// The whole content of a small entry.
  func contents(of entry: Entry, atMost limit: Int) throws -> [UInt8] {
    guard entry.bytes.count <= limit else {
      throw ZooError.corrupt(
        "\(file.path): the entry \(entry.name) has \(entry.bytes.count) bytes; "
          + "expected at most \(limit)")
    }
    return try [UInt8](unsafeUninitializedCapacity: entry.bytes.count) { buffer, filled in
      filled = entry.bytes.count
      try read(entry, into: .init(start: buffer.baseAddress, count: filled))
    }
  }

  private func check(_ checksum: UInt32, of entry: Entry) throws {
    guard checksum == entry.checksum else {
      throw ZooError.corrupt("\(file.path): the checksum of the entry \(entry.name) is wrong")
    }
  }
}

/// The position of the central directory.
private struct Directory {
  let count: Int
  let bytes: Range<Int>

  init(_ file: RandomAccessFile) throws {
    let tail = try file.read(
      at: max(0, file.size - 22 - 0xFFFF), count: min(file.size, 22 + 0xFFFF))
    let base = file.size - tail.count
    let ends = tail.indices.dropLast(21).filter { position in
      tail[position] == 0x50 && tail[position...].starts(with: [0x50, 0x4B, 5, 6])
        && position + 22 + Int(tail[position + 20]) + Int(tail[position + 21]) << 8 == tail.count
    }
    guard let end = ends.first, ends.count == 1 else {
      throw ZooError.corrupt(
        ends.isEmpty
          ? "\(file.path) is truncated or has extra data: no zip end record at its end"
          : "\(file.path): more than one zip end record")
    }
    var reader = ByteReader(Array(tail[end..<end + 22]), origin: file.path)
    _ = try reader.take(4)
    let disks = (try reader.number(UInt16.self), try reader.number(UInt16.self))
    let here = try reader.integer(UInt16.self)
    let short = (
      count: try reader.integer(UInt16.self), size: try reader.integer(UInt32.self),
      offset: try reader.integer(UInt32.self)
    )
    guard disks == (0, 0), here == short.count else {
      throw ZooError.corrupt("\(file.path): a zip archive of several volumes")
    }
    var (count, size, offset) = short
    var limit = base + end
    if let long = try Zip64End(file, before: base + end) {
      guard short.count == 0xFFFF || short.count == long.count,
        short.size == 0xFFFF_FFFF || short.size == long.size,
        short.offset == 0xFFFF_FFFF || short.offset == long.offset
      else { throw ZooError.corrupt("\(file.path): two end records of the zip disagree") }
      (count, size, offset, limit) = (long.count, long.size, long.offset, long.position)
    }
    let (directoryEnd, overflow) = offset.addingReportingOverflow(size)
    guard !overflow, directoryEnd == limit, count <= size / 46 else {
      throw ZooError.corrupt("\(file.path): the zip directory is not where its end record says")
    }
    self.count = count
    bytes = offset..<directoryEnd
  }
}

private struct Zip64End {
  let count, size, offset: Int
  let position: Int

  /// Nil if there is no locator before the end record.
  init?(_ file: RandomAccessFile, before end: Int) throws {
    guard end >= 20 + 56 else { return nil }
    var locator = ByteReader(try file.read(at: end - 20, count: 20), origin: file.path)
    guard try locator.number(UInt32.self) == 0x0706_4B50 else { return nil }
    _ = try locator.take(4)
    let position = try locator.integer(UInt64.self)
    guard position == end - 20 - 56, try locator.number(UInt32.self) <= 1 else {
      throw ZooError.corrupt("\(file.path): the zip64 end record is not where its locator says")
    }
    var reader = ByteReader(try file.read(at: position, count: 56), origin: file.path)
    let signature = try reader.number(UInt32.self)
    let length = try reader.number(UInt64.self)
    _ = try reader.take(4)
    let disks = (try reader.number(UInt32.self), try reader.number(UInt32.self))
    let here = try reader.integer(UInt64.self)
    count = try reader.integer(UInt64.self)
    size = try reader.integer(UInt64.self)
    offset = try reader.integer(UInt64.self)
    guard signature == 0x0606_4B50, length == 44, disks == (0, 0), here == count else {
      throw ZooError.corrupt("\(file.path): the zip64 end record is damaged")
    }
    self.position = position
  }
}

/// One entry of the directory.
private struct CentralRecord {
  let flags, method: UInt16
  let checksum: UInt32
  let size, offset: Int
  let nameBytes: ArraySlice<UInt8>
  let name: String

  /// Whether sizes and checksum follow the data, so that the local header may have zeros.
  var hasDescriptor: Bool { flags & 8 != 0 }

  init(_ reader: inout ByteReader) throws {
    let origin = reader.origin
    guard try reader.number(UInt32.self) == 0x0201_4B50 else {
      throw ZooError.corrupt("\(origin): the zip directory is damaged")
    }
    _ = try reader.take(4)
    flags = try reader.number(UInt16.self)
    method = try reader.number(UInt16.self)
    _ = try reader.take(4)
    checksum = try reader.number(UInt32.self)
    let packed = try reader.number(UInt32.self)
    let whole = try reader.number(UInt32.self)
    let nameCount = try reader.integer(UInt16.self)
    let extraCount = try reader.integer(UInt16.self)
    let commentCount = try reader.integer(UInt16.self)
    let disk = try reader.number(UInt16.self)
    _ = try reader.take(6)
    let start = try reader.number(UInt32.self)
    nameBytes = try reader.take(nameCount)
    guard let name = String(validating: nameBytes, as: UTF8.self), name.isProperName
    else { throw ZooError.corrupt("\(origin): an entry of the zip has an invalid name") }
    self.name = name
    var long = try Zip64Extra(try reader.take(extraCount), origin)
    _ = try reader.take(commentCount)
    size = try long.value(whole)
    let packedSize = try long.value(packed)
    offset = try long.value(start)
    guard flags & 1 == 0, disk == 0 else {
      throw ZooError.corrupt("\(origin): the entry \(name) is encrypted or on another volume")
    }
    guard method == 0 else {
      throw ZooError.corrupt(
        "\(origin): the entry \(name) is compressed; expected stored entries, as PyTorch "
          + "and Keras write them")
    }
    guard size == packedSize else {
      throw ZooError.corrupt("\(origin): the sizes of the entry \(name) disagree")
    }
  }

  /// The offset of the data, once the local header has confirmed the directory.
  func dataOffset(in file: RandomAccessFile) throws -> Int {
    var header = ByteReader(try file.read(at: offset, count: 30), origin: file.path)
    let signature = try header.number(UInt32.self)
    _ = try header.take(2)
    let localFlags = try header.number(UInt16.self)
    let localMethod = try header.number(UInt16.self)
    _ = try header.take(4)
    let localChecksum = try header.number(UInt32.self)
    let packed = try header.number(UInt32.self)
    let whole = try header.number(UInt32.self)
    let nameCount = try header.integer(UInt16.self)
    let extraCount = try header.integer(UInt16.self)
    var rest = ByteReader(
      try file.read(at: offset + 30, count: nameCount + extraCount), origin: file.path)
    let localName = try rest.take(nameCount)
    var long = try Zip64Extra(try rest.take(extraCount), file.path)
    let sizes = (try long.value(whole), try long.value(packed))
    let postponed = hasDescriptor && localChecksum == 0 && sizes == (0, 0)
    guard signature == 0x0403_4B50, localFlags == flags, localMethod == method,
      localName.elementsEqual(nameBytes),
      postponed || (localChecksum == checksum && sizes == (size, size))
    else {
      throw ZooError.corrupt("\(file.path): the two headers of the entry \(name) differ")
    }
    return offset + 30 + nameCount + extraCount
  }
}

/// The 64-bit values that exceed the fixed fields, in order.
private struct Zip64Extra {
  private var reader: ByteReader

  init(_ extra: ArraySlice<UInt8>, _ origin: String) throws {
    reader = ByteReader([], origin: origin)
    var fields = ByteReader(Array(extra), origin: origin)
    while fields.left >= 4 {
      let id = try fields.number(UInt16.self)
      let field = try fields.take(try fields.integer(UInt16.self))
      if id == 1 { reader = ByteReader(Array(field), origin: origin) }
    }
  }

  mutating func value(_ short: UInt32) throws -> Int {
    short == .max ? try reader.integer(UInt64.self) : Int(short)
  }
}
