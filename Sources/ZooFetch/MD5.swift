import Glibc

/// MD5 (RFC 1321), for files whose publisher states no better digest. It detects accidents, not
/// deliberate collisions.
package struct MD5 {
  private var state: SIMD4<UInt32> = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476]
  private var length: UInt64 = 0
  private var block: [UInt8] = []

  package init() {}

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    length &+= UInt64(bytes.count)
    var rest = bytes[...]
    if !block.isEmpty {
      let missing = rest.prefix(64 - block.count)
      block += missing
      rest = rest.dropFirst(missing.count)
      guard block.count == 64 else { return }
      block.withUnsafeBytes { mix($0) }
      block.removeAll(keepingCapacity: true)
    }
    let whole = rest.count & ~63
    mix(UnsafeRawBufferPointer(rebasing: rest.prefix(whole)))
    block += rest.dropFirst(whole)
  }

  /// The digest of the data so far, in 32 lowercase digits; more data may follow.
  package var hexadecimal: String {
    var copy = self
    var tail: [UInt8] = [0x80]
    tail += Array(repeating: 0, count: (119 - block.count) % 64)
    withUnsafeBytes(of: (length &* 8).littleEndian) { tail += $0 }
    tail.withUnsafeBytes { copy.update($0) }
    let bytes = (0..<4).flatMap { word in
      withUnsafeBytes(of: copy.state[word].littleEndian, Array.init)
    }
    return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Whole blocks of 64 bytes.
  private mutating func mix(_ blocks: UnsafeRawBufferPointer) {
    for start in stride(from: 0, to: blocks.count, by: 64) {
      var (a, b, c, d) = (state[0], state[1], state[2], state[3])
      for step in 0..<64 {
        let function: UInt32
        let word: Int
        switch step >> 4 {
        case 0: (function, word) = (d ^ (b & (c ^ d)), step)
        case 1: (function, word) = (c ^ (d & (b ^ c)), (5 &* step &+ 1) & 15)
        case 2: (function, word) = (b ^ c ^ d, (3 &* step &+ 5) & 15)
        default: (function, word) = (c ^ (b | ~d), (7 &* step) & 15)
        }
        let value = UInt32(
          littleEndian: blocks.loadUnaligned(fromByteOffset: start + 4 * word, as: UInt32.self))
        let sum = a &+ function &+ sines[step] &+ value
        let shift = shifts[4 * (step >> 4) + (step & 3)]
        (a, d, c, b) = (d, c, b, b &+ (sum << shift | sum >> (32 - shift)))
      }
      state = state &+ [a, b, c, d]
    }
  }
}

private let shifts: [UInt32] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]

/// ⌊2³² · |sin i|⌋ for i from 1 to 64.
private let sines: [UInt32] = (1...64).map { UInt32(abs(sin(Double($0))) * 0x1p32) }
