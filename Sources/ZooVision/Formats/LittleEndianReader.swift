import ZooKit

/// Reads the little-endian numbers of a picture file. Every read is checked against the end.
struct LittleEndianReader {
  private let bytes: UnsafeRawBufferPointer
  private let origin: String
  private(set) var place = 0

  init(_ bytes: UnsafeRawBufferPointer, of origin: String) {
    (self.bytes, self.origin) = (bytes, origin)
  }

  var left: Int { bytes.count - place }

  /// The next bytes.
  mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
    guard count >= 0, count <= left else { throw ZooError.corrupt("\(origin) is truncated") }
    defer { place += count }
    return UnsafeRawBufferPointer(rebasing: bytes[place..<place + count])
  }

  mutating func byte() throws -> Int { Int(try take(1)[0]) }

  /// Two bytes.
  mutating func short() throws -> Int { try number(2) }

  /// Four bytes without a sign.
  mutating func long() throws -> Int { try number(4) }

  /// Four bytes with a sign.
  mutating func signed() throws -> Int { Int(Int32(truncatingIfNeeded: try long())) }

  mutating func move(to place: Int) throws {
    guard place >= 0, place <= bytes.count else { throw ZooError.corrupt("\(origin) is truncated") }
    self.place = place
  }

  func damaged(_ what: String) -> ZooError { .corrupt("\(origin) is damaged: \(what)") }

  private mutating func number(_ count: Int) throws -> Int {
    try take(count).reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
