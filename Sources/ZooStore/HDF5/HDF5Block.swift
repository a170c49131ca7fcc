import CStore
import CZlib
import Glibc
import ZooKit

/// A chunk between the file and the array. Running out of memory is an error and does not end the
/// process.
struct HDF5Block: ~Copyable {
  private(set) var bytes: UnsafeMutableRawBufferPointer

  init(count: Int) throws {
    guard let memory = malloc(max(count, 1)) else {
      throw ZooError.system("not enough memory for \(count) bytes")
    }
    bytes = .init(start: memory, count: count)
  }

  deinit { free(bytes.baseAddress) }

  /// Reverses HDF5's filters on a chunk; false if the result is not a chunk of this size.
  mutating func undo(
    _ filters: [UInt8], skipped: UInt32, size: Int, element: Int
  ) throws -> Bool {
    for (place, filter) in filters.enumerated().reversed() where skipped >> place & 1 == 0 {
      switch Int(filter) {
      case ZOO_FLETCHER32:
        guard dropFletcher32() else { return false }
      case ZOO_DEFLATE:
        // A checksum may have been added before deflating.
        guard try inflate(atMost: size + 4) else { return false }
      case ZOO_SHUFFLE: try unshuffle(element)
      default: return false
      }
    }
    return bytes.count == size
  }

  private mutating func inflate(atMost size: Int) throws -> Bool {
    var inflated = try HDF5Block(count: size)
    var count = UInt(size)
    let result = uncompress(
      inflated.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), &count,
      bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt(bytes.count))
    guard result == Z_OK else { return false }
    inflated.bytes = .init(rebasing: inflated.bytes[..<Int(count)])
    swap(&bytes, &inflated.bytes)
    return true
  }

  /// Reverses shuffling, which stores the first bytes of all elements, then the second ones, and so
  /// on. Bytes that do not fill an element stay at the end.
  private mutating func unshuffle(_ element: Int) throws {
    var plain = try HDF5Block(count: bytes.count)
    let count = bytes.count / element
    for byte in 0..<element {
      for index in 0..<count { plain.bytes[index * element + byte] = bytes[byte * count + index] }
    }
    for index in (count * element)..<bytes.count { plain.bytes[index] = bytes[index] }
    swap(&bytes, &plain.bytes)
  }

  /// Removes the checksum from the end; false if it is wrong. Fletcher's, over big-endian 16-bit
  /// words, as in `H5_checksum_fletcher32`.
  private mutating func dropFletcher32() -> Bool {
    guard bytes.count >= 4 else { return false }
    let stated = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    bytes = .init(rebasing: bytes.dropLast(4))
    var a: UInt32 = 0
    var b: UInt32 = 0
    func fold() {
      a = (a & 0xFFFF) + (a >> 16)
      b = (b & 0xFFFF) + (b >> 16)
    }
    // The sums cannot overflow within 360 words.
    for start in stride(from: 0, to: bytes.count, by: 720) {
      for index in stride(from: start, to: min(start + 720, bytes.count), by: 2) {
        let low = index + 1 < bytes.count ? UInt32(bytes[index + 1]) : 0
        a &+= UInt32(bytes[index]) << 8 | low
        b &+= a
      }
      fold()
    }
    fold()
    return b << 16 | a == stated
  }
}
