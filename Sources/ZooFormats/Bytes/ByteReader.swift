import ZooKit

/// Reads little-endian numbers and runs of bytes in sequence; reading past the end is an error.
struct ByteReader {
  let bytes: [UInt8]
  let origin: String
  var position = 0

  init(_ bytes: [UInt8], origin: String) {
    self.bytes = bytes
    self.origin = origin
  }

  var left: Int { bytes.count - position }

  mutating func number<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type) throws
    -> Number
  {
    try take(Number.bitWidth / 8).reversed().reduce(0) { $0 << 8 | Number($1) }
  }

  /// A number of the type's width, if it fits an `Int`.
  mutating func integer<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type) throws
    -> Int
  {
    let number = try number(type)
    guard let integer = Int(exactly: number) else {
      throw ZooError.corrupt("\(origin): the number \(number) is too large")
    }
    return integer
  }

  mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= left else {
      throw ZooError.corrupt(
        "\(origin) is truncated: expected \(count) bytes, \(left) are left")
    }
    defer { position += count }
    return bytes[position..<position + count]
  }
}
