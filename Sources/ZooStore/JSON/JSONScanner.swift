import ZooKit

/// Reads strict JSON (RFC 8259) value by value: no duplicate keys, no trailing text, no comments,
/// at most 64 levels deep. Errors name the origin and the line.
///
/// ```swift
/// var scanner = JSONScanner(bytes, origin: "instances.json")
/// try scanner.object("the file") { scanner, key in
///   key == "images" ? images = try scanner.value() : try scanner.skip()
/// }
/// try scanner.end()
/// ```
package struct JSONScanner {
  package let origin: String
  /// The line of the next byte, from 1.
  package private(set) var line = 1
  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0
  /// The number of values that may still be kept.
  private var room: Int

  private static let mostDepth = 64

  /// - Parameter most: the largest number of values; each takes several times its text in memory.
  package init(_ bytes: [UInt8], origin: String, most: Int = .max) {
    self.bytes = bytes
    room = most
    self.origin = origin
  }

  package func error(_ problem: String) -> ZooError {
    .corrupt("\(origin), line \(line): \(problem)")
  }

  /// The next byte that is not white space.
  package var next: UInt8? {
    mutating get {
      while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
        if byte == 0x0A { line += 1 }
        position += 1
      }
      return byte
    }
  }

  private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  // MARK: Values

  /// The next whole value.
  package mutating func value() throws -> JSON {
    let first = next
    let start = line
    guard room > 0 else { throw error("it has too many values") }
    room -= 1
    switch first {
    case UInt8(ascii: "{"):
      var members: [(key: String, value: JSON)] = []
      try object { scanner, key in members.append((key, try scanner.value())) }
      return JSON(.object(members), line: start)
    case UInt8(ascii: "["):
      var items: [JSON] = []
      try list { scanner in items.append(try scanner.value()) }
      return JSON(.array(items), line: start)
    case UInt8(ascii: "\""): return JSON(.string(try string()), line: start)
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-")?, (UInt8(ascii: "0")...UInt8(ascii: "9"))?:
      return JSON(try number(), line: start)
    case nil: throw error("the text ends where a value was expected")
    default: throw error("unexpected character where a value was expected")
    }
  }

  /// Skips the next value. Its syntax is checked, but texts and numbers are not decoded.
  package mutating func skip() throws {
    switch next {
    case UInt8(ascii: "{"):
      try members { scanner in
        try scanner.passString()
        try scanner.colon { "a key" }
        try scanner.skip()
      }
    case UInt8(ascii: "["): try list { scanner in try scanner.skip() }
    case UInt8(ascii: "\""): try passString()
    case UInt8(ascii: "-")?, (UInt8(ascii: "0")...UInt8(ascii: "9"))?: _ = try passNumber()
    default: _ = try value()
    }
  }

  /// Passes each key of an object to the body, which then reads or skips its value.
  package mutating func object(
    _ name: String = "it", _ body: (inout JSONScanner, String) throws -> Void
  ) throws {
    try begin(UInt8(ascii: "{"), "\(name) is not an object")
    var keys: Set<String> = []
    try members { scanner in
      let key = try scanner.string()
      guard keys.insert(key).inserted else {
        throw scanner.error("the key “\(key.printable)” occurs twice")
      }
      try scanner.colon { "“\(key.printable)”" }
      try body(&scanner, key)
    }
  }

  /// Calls the body to read or skip each item of a list.
  package mutating func list(
    _ name: String = "it", _ body: (inout JSONScanner) throws -> Void
  ) throws {
    try begin(UInt8(ascii: "["), "\(name) is not a list")
    try items(until: UInt8(ascii: "]"), of: "a list", body)
  }

  /// Throws if anything follows the value.
  package mutating func end() throws {
    guard next == nil else { throw error("text after the end of the value") }
  }

  private mutating func begin(_ open: UInt8, _ otherwise: @autoclosure () -> String) throws {
    guard let next else { throw error("the text ends where a value was expected") }
    guard next == open else { throw error(otherwise()) }
  }

  private mutating func members(_ body: (inout JSONScanner) throws -> Void) throws {
    try items(until: UInt8(ascii: "}"), of: "an object") { scanner in
      guard scanner.next == UInt8(ascii: "\"") else { throw scanner.error("expected a key") }
      try body(&scanner)
    }
  }

  private mutating func colon(after key: () -> String) throws {
    guard next == UInt8(ascii: ":") else { throw error("no colon after \(key())") }
    position += 1
  }

  private mutating func items(
    until close: UInt8, of what: String, _ body: (inout JSONScanner) throws -> Void
  ) throws {
    guard depth < JSONScanner.mostDepth else {
      throw error("nested more than \(JSONScanner.mostDepth) levels deep")
    }
    depth += 1
    defer { depth -= 1 }
    position += 1
    var isFirst = true
    while next != close || !isFirst {
      try body(&self)
      isFirst = false
      guard let after = next else { throw error("\(what) is not closed") }
      if after == close { break }
      guard after == UInt8(ascii: ",") else { throw error("expected a comma") }
      position += 1
    }
    position += 1
  }

  private mutating func word(_ word: String, _ content: JSON.Content) throws -> JSON {
    guard bytes[position...].starts(with: word.utf8) else { throw error("unknown word") }
    position += word.utf8.count
    return JSON(content, line: line)
  }

  // MARK: Numbers

  private mutating func number() throws -> JSON.Content {
    let start = position
    let isWhole = try passNumber()
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let integer = Int(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else {
      throw error("the number \(text) is too large")
    }
    return .number(number)
  }

  /// True if it has neither a point nor an exponent.
  private mutating func passNumber() throws -> Bool {
    var isWhole = true
    if byte == UInt8(ascii: "-") { position += 1 }
    if byte == UInt8(ascii: "0") { position += 1 } else { try passDigits() }
    if byte == UInt8(ascii: ".") {
      isWhole = false
      position += 1
      try passDigits()
    }
    if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      isWhole = false
      position += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
      try passDigits()
    }
    return isWhole
  }

  private mutating func passDigits() throws {
    let start = position
    while let byte, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
    guard position > start else { throw error("expected a digit") }
  }

  // MARK: Strings

  private mutating func passString() throws {
    position += 1
    while try passPlain() != UInt8(ascii: "\"") { position += 2 }
    position += 1
  }

  /// Skips plain characters; returns the quote or backslash after them.
  private mutating func passPlain() throws -> UInt8 {
    while let byte {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return byte }
      guard byte >= 0x20 else { throw error("a control character inside a string") }
      position += 1
    }
    throw error("a string is not closed")
  }

  private mutating func string() throws -> String {
    position += 1
    var start = position
    var text: [UInt8] = []
    while try passPlain() != UInt8(ascii: "\"") {
      text += bytes[start..<position]
      position += 1
      try escape(into: &text)
      start = position
    }
    text += bytes[start..<position]
    position += 1
    guard let string = String(validating: text, as: UTF8.self) else {
      throw error("a string is not UTF-8")
    }
    return string
  }

  private mutating func escape(into text: inout [UInt8]) throws {
    guard let byte else { throw error("a string is not closed") }
    position += 1
    switch byte {
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "u"):
      var code = UInt32(try hexadecimal())
      if 0xD800..<0xDC00 ~= code {
        guard bytes[position...].starts(with: [0x5C, UInt8(ascii: "u")]) else {
          throw error("half a surrogate pair")
        }
        position += 2
        let low = UInt32(try hexadecimal())
        guard 0xDC00..<0xE000 ~= low else { throw error("half a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("half a surrogate pair") }
      text.append(contentsOf: String(Character(scalar)).utf8)
    default: throw error("unknown escape in a string")
    }
  }

  private mutating func hexadecimal() throws -> UInt16 {
    guard position + 4 <= bytes.count,
      bytes[position..<position + 4].allSatisfy({
        Character(Unicode.Scalar($0)).isHexDigit
      }),
      let code = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw error("expected four hexadecimal digits") }
    position += 4
    return code
  }
}
