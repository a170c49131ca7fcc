import ZooKit

/// One record of a TensorBoard event file: an `Event` in protocol buffers, framed as a TFRecord.
/// Supports only scalars.
package enum EventRecord {
  /// The first record of every file.
  package static func start(at time: Double) -> [UInt8] {
    frame(field(1, time) + field(3, bytes: Array("brain.Event:2".utf8)))
  }

  /// Named numbers of one step.
  package static func scalars(_ values: [(name: String, value: Double)], step: Int, at time: Double)
    -> [UInt8]
  {
    let summary = values.flatMap { name, value in
      field(1, bytes: field(1, bytes: Array(name.utf8)) + field(2, Float(value)))
    }
    return frame(field(1, time) + field(2, step) + field(5, bytes: summary))
  }

  /// Length, its CRC, the bytes, theirs.
  private static func frame(_ record: [UInt8]) -> [UInt8] {
    let length = little(UInt64(record.count))
    return length + little(CRC32C.masked(length)) + record + little(CRC32C.masked(record))
  }

  // The wire types of protocol buffers: 0 varint, 1 eight bytes, 2 bytes with a length, 5 four.

  private static func field(_ number: Int, _ value: Double) -> [UInt8] {
    varint(UInt64(number << 3 | 1)) + little(value.bitPattern)
  }

  private static func field(_ number: Int, _ value: Float) -> [UInt8] {
    varint(UInt64(number << 3 | 5)) + little(value.bitPattern)
  }

  private static func field(_ number: Int, _ value: Int) -> [UInt8] {
    varint(UInt64(number << 3)) + varint(UInt64(bitPattern: Int64(value)))
  }

  private static func field(_ number: Int, bytes: [UInt8]) -> [UInt8] {
    varint(UInt64(number << 3 | 2)) + varint(UInt64(bytes.count)) + bytes
  }

  private static func varint(_ value: UInt64) -> [UInt8] {
    var (rest, bytes) = (value, [UInt8]())
    while rest > 127 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  private static func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian, Array.init)
  }
}
