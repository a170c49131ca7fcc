import ZooKit

/// Pickles, zips and safetensors files made byte by byte, with content that no library would write.
enum Crafted {
  // MARK: Pickles

  static func text(_ text: String) -> [UInt8] {
    [UInt8(ascii: "X")] + little(UInt32(text.utf8.count)) + Array(text.utf8)
  }

  static func global(_ module: String, _ name: String) -> [UInt8] {
    Array("c\(module)\n\(name)\n".utf8)
  }

  /// As LONG1 with eight bytes.
  static func integer(_ value: Int) -> [UInt8] {
    [0x8A, 8] + little(UInt64(bitPattern: Int64(value)))
  }

  static func tuple(_ items: [[UInt8]]) -> [UInt8] {
    [UInt8(ascii: "(")] + items.flatMap { $0 } + [UInt8(ascii: "t")]
  }

  static func little(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian, Array.init)
  }

  /// `{"w": tensor}` with a storage `0` of float32.
  static func stateDict(
    count: Int = 4, offset: Int = 0, sizes: [Int] = [2, 2], strides: [Int] = [2, 1],
    storage: String = "FloatStorage", view: [UInt8] = []
  ) -> [UInt8] {
    let storage =
      tuple(
        [text("storage"), global("torch", storage), text("0"), text("cpu"), integer(count), view])
      + [UInt8(ascii: "Q")]
    let arguments = tuple([
      storage, integer(offset), tuple(sizes.map(integer)), tuple(strides.map(integer)), [0x89],
      [UInt8(ascii: "}")],
    ])
    return [0x80, 2, UInt8(ascii: "}")] + text("w") + global("torch._utils", "_rebuild_tensor_v2")
      + arguments + Array("Rs.".utf8)
  }

  /// The plain-pickle format around an object.
  static func plain(
    _ object: [UInt8], keys: [UInt8]? = nil, storages: [UInt8]? = nil
  ) -> [UInt8] {
    let magic: [UInt8] = [
      0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
    ]
    let version: [UInt8] = [0x80, 2, UInt8(ascii: "M"), 0xE9, 0x03, 0x2E]
    let machine =
      [0x80, 2, UInt8(ascii: "}")] + text("little_endian") + [0x88] + Array("s.".utf8)
    let keys = keys ?? [0x80, 2, UInt8(ascii: "]")] + text("0") + Array("a.".utf8)
    let storages = storages ?? little(UInt64(4)) + Array(repeating: 0, count: 16)
    return magic + version + machine + object + keys + storages
  }

  // MARK: Zips

  struct Entry {
    var name: String
    var data: [UInt8]
    var localName: String?
    var method: UInt16 = 0
    var flags: UInt16 = 0
    var localFlags: UInt16?
    var checksum: UInt32?
    var size: UInt32?
    var offset: UInt32?
    var extra: [UInt8] = []

    init(_ name: String, _ data: [UInt8]) { (self.name, self.data) = (name, data) }
  }

  static func zip(
    _ entries: [Entry], between: [UInt8] = [], count: UInt16? = nil, after: [UInt8] = [],
    comment: [UInt8] = []
  ) -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let checksum = little(entry.checksum ?? crc32(entry.data))
      let size = little(entry.size ?? UInt32(entry.data.count))
      let offset = entry.offset ?? UInt32(file.count)
      let local = Array((entry.localName ?? entry.name).utf8)
      let flags = little(entry.localFlags ?? entry.flags)
      file += little(UInt32(0x0403_4B50)) + [20, 0] + flags + little(entry.method)
      file += [0, 0, 0, 0] + checksum + size + size + little(UInt16(local.count))
      file += little(UInt16(entry.extra.count)) + local + entry.extra + entry.data
      let name = Array(entry.name.utf8)
      directory += little(UInt32(0x0201_4B50)) + [20, 0, 20, 0] + little(entry.flags)
      directory += little(entry.method) + [0, 0, 0, 0] + checksum + size + size
      directory += little(UInt16(name.count)) + little(UInt16(entry.extra.count))
      directory += [0, 0, 0, 0, 0, 0, 0, 0, 0, 0] + little(offset) + name + entry.extra
    }
    let count = little(count ?? UInt16(entries.count))
    let end =
      little(UInt32(0x0605_4B50)) + [0, 0, 0, 0] + count + count
      + little(UInt32(directory.count)) + little(UInt32(file.count))
    return file + directory + between + end + little(UInt16(comment.count)) + comment + after
  }

  /// A PyTorch checkpoint around a pickle, with a storage `0` of four floats.
  static func torch(_ pickle: [UInt8]) -> [Entry] {
    [
      Entry("x/data.pkl", pickle), Entry("x/byteorder", Array("little".utf8)),
      Entry("x/data/0", Array(repeating: 0, count: 16)),
    ]
  }

  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in
        crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1
      }
    }
  }

  // MARK: safetensors

  static func safetensors(_ header: String, data: Int, length: UInt64? = nil) -> [UInt8] {
    let header = Array(header.utf8)
    return little(length ?? UInt64(header.count)) + header + Array(repeating: 0, count: data)
  }
}
