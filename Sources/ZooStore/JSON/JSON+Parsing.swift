import ZooKit

extension JSON {
  /// Reads strict JSON (RFC 8259) and nothing else: no duplicate keys, no trailing text, no
  /// comments, at most 64 levels deep. Errors name the origin and the line.
  public init(parsing text: some Sequence<UInt8>, origin: String) throws {
    var scanner = Scanner(bytes: Array(text), origin: origin)
    self = try scanner.document()
  }

  public init(parsing text: String, origin: String) throws {
    try self.init(parsing: text.utf8, origin: origin)
  }
}

private struct Scanner {
  let bytes: [UInt8]
  let origin: String
  var position = 0
  var line = 1
  var depth = 0

  init(bytes: [UInt8], origin: String) {
    self.bytes = bytes
    self.origin = origin
  }

  func error(_ problem: String) -> ZooError {
    .corrupt("\(origin), line \(line): \(problem)")
  }

  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func document() throws -> JSON {
    let value = try value()
    skipSpace()
    guard next == nil else { throw error("text after the end of the value") }
    return value
  }

  mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      if byte == 0x0A { line += 1 }
      position += 1
    }
  }

  mutating func value() throws -> JSON {
    skipSpace()
    let start = line
    guard let first = next else { throw error("the text ends where a value was expected") }
    switch first {
    case UInt8(ascii: "{"): return JSON(.object(try object()), line: start)
    case UInt8(ascii: "["): return JSON(.array(try array()), line: start)
    case UInt8(ascii: "\""): return JSON(.string(try string()), line: start)
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error("unexpected character where a value was expected")
    }
  }

  mutating func word(_ word: String, _ content: JSON.Content) throws -> JSON {
    guard bytes[position...].starts(with: word.utf8) else { throw error("unknown word") }
    position += word.utf8.count
    return JSON(content, line: line)
  }

  mutating func nested<R>(_ body: (inout Scanner) throws -> R) throws -> R {
    guard depth < 64 else { throw error("nested more than 64 levels deep") }
    depth += 1
    position += 1
    defer { depth -= 1 }
    return try body(&self)
  }

  /// After an item: true at a comma, false at the closing byte.
  mutating func more(until close: UInt8, in what: String) throws -> Bool {
    skipSpace()
    guard let byte = next, byte == close || byte == UInt8(ascii: ",") else {
      throw error("\(what) is not closed")
    }
    position += 1
    return byte != close
  }

  mutating func array() throws -> [JSON] {
    try nested { scanner in
      var items: [JSON] = []
      scanner.skipSpace()
      if scanner.next == UInt8(ascii: "]") {
        scanner.position += 1
        return items
      }
      repeat {
        items.append(try scanner.value())
      } while try scanner.more(until: UInt8(ascii: "]"), in: "a list")
      return items
    }
  }

  mutating func object() throws -> [(key: String, value: JSON)] {
    try nested { scanner in
      var members: [(key: String, value: JSON)] = []
      var keys: Set<String> = []
      scanner.skipSpace()
      if scanner.next == UInt8(ascii: "}") {
        scanner.position += 1
        return members
      }
      repeat {
        scanner.skipSpace()
        guard scanner.next == UInt8(ascii: "\"") else { throw scanner.error("a key was expected") }
        let key = try scanner.string()
        guard keys.insert(key).inserted else {
          throw scanner.error("the key “\(key)” occurs twice")
        }
        scanner.skipSpace()
        guard scanner.next == UInt8(ascii: ":") else {
          throw scanner.error("no colon after “\(key)”")
        }
        scanner.position += 1
        members.append((key, try scanner.value()))
      } while try scanner.more(until: UInt8(ascii: "}"), in: "an object")
      return members
    }
  }

  mutating func string() throws -> String {
    position += 1
    var text: [UInt8] = []
    while true {
      guard let byte = next else { throw error("a string is not closed") }
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw error("a string is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw error("a control character inside a string")
      default: text.append(byte)
      }
    }
  }

  mutating func escape(into text: inout [UInt8]) throws {
    guard let byte = next else { throw error("a string is not closed") }
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

  mutating func hexadecimal() throws -> UInt16 {
    guard position + 4 <= bytes.count,
      bytes[position..<position + 4].allSatisfy({
        Character(Unicode.Scalar($0)).isHexDigit
      }),
      let code = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw error("four hexadecimal digits were expected") }
    position += 4
    return code
  }

  mutating func digits() throws {
    let start = position
    while let byte = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
    guard position > start else { throw error("a digit was expected") }
  }

  mutating func number() throws -> JSON {
    let start = position
    var whole = true
    if next == UInt8(ascii: "-") { position += 1 }
    if next == UInt8(ascii: "0") { position += 1 } else { try digits() }
    if next == UInt8(ascii: ".") {
      whole = false
      position += 1
      try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      whole = false
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if whole, let integer = Int(text) { return JSON(.integer(integer), line: line) }
    guard let number = Double(text), number.isFinite else {
      throw error("the number \(text) is too large")
    }
    return JSON(.number(number), line: line)
  }
}
