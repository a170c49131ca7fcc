import CZlib
import ZooKit
import ZooStore

/// Writes a zip archive of stored entries, each at a multiple of 64 bytes, as PyTorch does, so that
/// readers can map them.
struct ZipWriter {
  private let file: Publication
  private var directory: [UInt8] = []
  private var count: UInt16 = 0

  private static let alignment = 64
  /// The extra field that PyTorch pads with: `FB`.
  private static let padding: UInt16 = 0x4246

  init(_ file: Publication) { self.file = file }

  /// Adds an entry. A size or an offset that needs zip64 is an error.
  mutating func add(_ name: String, _ bytes: UnsafeRawBufferPointer) throws {
    guard let offset = UInt32(exactly: file.position), let size = UInt32(exactly: bytes.count),
      count < .max
    else {
      throw ZooError.failure(
        "\(file.path) would exceed the 4 GB of a zip archive; safetensors has no such limit")
    }
    let name = Array(name.utf8)
    let start = file.position + 30 + name.count + 4
    let gap = (ZipWriter.alignment - start % ZipWriter.alignment) % ZipWriter.alignment
    let sum = bytes.withMemoryRebound(to: UInt8.self) {
      UInt32(truncatingIfNeeded: crc32_z(crc32_z(0, nil, 0), $0.baseAddress, $0.count))
    }
    // Version, flags, method, time and date; then checksum, sizes, and the lengths that follow.
    // Without a date, the same weights are the same bytes.
    var common: [UInt8] = []
    for word in [20, 0, 0, 0, 0] as [UInt16] { common.append(little: word) }
    for word in [sum, size, size] { common.append(little: word) }
    common.append(little: UInt16(name.count))

    var header: [UInt8] = []
    header.append(little: 0x0403_4B50 as UInt32)
    header += common
    header.append(little: UInt16(4 + gap))
    header += name
    header.append(little: ZipWriter.padding)
    header.append(little: UInt16(gap))
    header += Array(repeating: 0, count: gap)
    try file.append(header)
    try file.append(bytes)

    directory.append(little: 0x0201_4B50 as UInt32)
    directory.append(little: 20 as UInt16)
    directory += common
    // Extra field, comment, disk, attributes.
    for word in [0, 0, 0, 0] as [UInt16] { directory.append(little: word) }
    for word in [0, offset] { directory.append(little: word) }
    directory += name
    count += 1
  }

  mutating func add(_ name: String, _ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try add(name, $0) }
  }

  /// Writes the directory.
  func finish() throws {
    guard let offset = UInt32(exactly: file.position) else {
      throw ZooError.failure("\(file.path) would exceed the 4 GB of a zip archive")
    }
    var end = directory
    end.append(little: 0x0605_4B50 as UInt32)
    for word in [0, 0, count, count] { end.append(little: word) }
    for word in [UInt32(directory.count), offset] { end.append(little: word) }
    end.append(little: 0 as UInt16)
    try file.append(end)
  }
}

extension [UInt8] {
  mutating func append(little value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { self += $0 }
  }
}
