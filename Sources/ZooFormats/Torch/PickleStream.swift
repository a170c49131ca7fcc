import ZooKit
import ZooStore

/// The bytes of a pickle inside a file, read in pieces because its length is not known in advance.
struct PickleStream {
  let file: RandomAccessFile
  /// The offset of the next byte in the file.
  private(set) var position: Int
  private let end: Int
  private var buffer: [UInt8] = []
  private var used = 0

  init(_ file: RandomAccessFile, _ range: Range<Int>) {
    self.file = file
    position = range.lowerBound
    end = range.upperBound
  }

  func error(_ problem: String) -> ZooError {
    .corrupt("\(file.path), byte \(position): \(problem)")
  }

  private mutating func fill() throws {
    guard position < end else { throw error("the pickle is truncated") }
    buffer = try file.read(at: position, count: min(1 << 16, end - position))
    used = 0
  }

  mutating func byte() throws -> UInt8 {
    if used == buffer.count { try fill() }
    defer { (used, position) = (used + 1, position + 1) }
    return buffer[used]
  }

  /// A little-endian number of `bytes` bytes, at most eight; nil if it does not fit an `Int`.
  mutating func number(_ bytes: Int) throws -> Int? {
    var number: UInt64 = 0
    for shift in 0..<bytes { number |= UInt64(try byte()) << UInt64(8 * shift) }
    return Int(exactly: number)
  }

  mutating func length(_ bytes: Int) throws -> Int {
    guard let length = try number(bytes), length <= end - position else {
      throw error("the pickle is truncated")
    }
    return length
  }

  mutating func skip(_ count: Int) {
    position += count
    used = min(used + count, buffer.count)
    if used == buffer.count { (buffer, used) = ([], 0) }
  }

  mutating func text(_ count: Int) throws -> String {
    var bytes: [UInt8] = []
    while bytes.count < count {
      if used == buffer.count { try fill() }
      let piece = buffer[used..<min(buffer.count, used + count - bytes.count)]
      bytes += piece
      (used, position) = (used + piece.count, position + piece.count)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw error("a string of the pickle is not UTF-8")
    }
    return text
  }

  /// Up to the end of a line, for the textual opcodes.
  mutating func line() throws -> String {
    var bytes: [UInt8] = []
    while case let byte = try byte(), byte != UInt8(ascii: "\n") {
      guard bytes.count < 4096 else { throw error("a line of the pickle is not terminated") }
      bytes.append(byte)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw error("a string of the pickle is not UTF-8")
    }
    return text
  }
}
