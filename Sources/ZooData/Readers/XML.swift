import ZooKit
import ZooStore

/// The part of XML that annotations need: elements, text, the five named entities and numeric ones,
/// CDATA, comments. Attributes are checked and dropped.
///
/// Document types are rejected, because they can define entities that expand without bound. There
/// is no recursion: depth is a stack with a limit.
struct XML {
  struct Element {
    let name: String
    /// The element's own text, without its children's, trimmed.
    fileprivate(set) var text = ""
    fileprivate(set) var children: [Int] = []
  }

  /// The root is the first.
  private(set) var elements: [Element] = []

  static let mostDepth = 32
  static let mostElements = 1 << 20

  init(parsing bytes: [UInt8], origin: String) throws {
    var scanner = Scanner(bytes: bytes, origin: origin)
    elements = try scanner.document()
  }

  var root: Element { elements[0] }

  func children(of element: Element, _ name: String) -> [Element] {
    element.children.lazy.map { elements[$0] }.filter { $0.name == name }
  }

  func child(of element: Element, _ name: String) -> Element? {
    element.children.lazy.map { elements[$0] }.first { $0.name == name }
  }

  func text(of element: Element, _ name: String) -> String? { child(of: element, name)?.text }
}

private struct Scanner {
  let bytes: [UInt8]
  let origin: String
  var position = 0

  init(bytes: [UInt8], origin: String) {
    self.bytes = bytes
    self.origin = origin
    // A byte order mark is redundant in UTF-8.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  func error(_ problem: String) -> ZooError {
    let line = 1 + bytes.prefix(position).count { $0 == 0x0A }
    return .corrupt("\(origin), line \(line): \(problem)")
  }

  func sees(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { bytes[position...].starts(with: $0) }
  }

  /// Skips past the next occurrence and returns the text before it.
  mutating func skip(past text: StaticString, _ what: String) throws -> ArraySlice<UInt8> {
    let start = position
    let count = text.utf8CodeUnitCount
    while position + count <= bytes.count {
      if sees(text) {
        defer { position += count }
        return bytes[start..<position]
      }
      position += 1
    }
    throw error("\(what) is not closed")
  }

  mutating func skipSpace() {
    while position < bytes.count, isSpace(bytes[position]) { position += 1 }
  }

  mutating func name() throws -> String {
    let start = position
    while position < bytes.count, isNamePart(bytes[position]) { position += 1 }
    guard position > start, position - start <= 256,
      let name = String(validating: bytes[start..<position], as: UTF8.self)
    else { throw error("expected a name") }
    return name
  }

  mutating func document() throws -> [XML.Element] {
    var elements: [XML.Element] = []
    var texts: [[UInt8]] = []
    var open: [Int] = []
    while position < bytes.count {
      guard bytes[position] == UInt8(ascii: "<") else {
        let byte = bytes[position]
        if let last = open.last {
          if byte == UInt8(ascii: "&") {
            texts[last] += try entity()
          } else {
            texts[last].append(byte)
            position += 1
          }
        } else {
          guard isSpace(byte) else { throw error("text outside of the root element") }
          position += 1
        }
        continue
      }
      if sees("<!--") {
        position += 4
        _ = try skip(past: "-->", "a comment")
      } else if sees("<![CDATA[") {
        position += 9
        guard let last = open.last else { throw error("text outside of the root element") }
        texts[last] += try skip(past: "]]>", "CDATA")
      } else if sees("<?") {
        _ = try skip(past: "?>", "an instruction")
      } else if sees("<!") {
        throw error("document types are not supported")
      } else if sees("</") {
        position += 2
        let name = try name()
        skipSpace()
        guard let last = open.popLast(), elements[last].name == name else {
          throw error("</\(name.printable)> closes nothing")
        }
        guard position < bytes.count, bytes[position] == UInt8(ascii: ">") else {
          throw error("a tag is not closed")
        }
        position += 1
        guard let text = String(validating: texts[last], as: UTF8.self) else {
          throw error("the text of <\(name.printable)> is not UTF-8")
        }
        elements[last].text = trimmed(text)
        texts[last] = []
      } else {
        position += 1
        let name = try name()
        guard open.last != nil || elements.isEmpty else { throw error("a second root element") }
        guard open.count < XML.mostDepth else {
          throw error("nested more than \(XML.mostDepth) levels deep")
        }
        guard elements.count < XML.mostElements else {
          throw error("more than \(XML.mostElements) elements")
        }
        if let last = open.last { elements[last].children.append(elements.count) }
        elements.append(XML.Element(name: name))
        texts.append([])
        if try attributes() { open.append(elements.count - 1) }
      }
    }
    guard let last = open.last else {
      if elements.isEmpty { throw error("no element") }
      return elements
    }
    throw error("<\(elements[last].name.printable)> is not closed")
  }

  /// Parses attributes after an element's name; false if the element is closed at once.
  mutating func attributes() throws -> Bool {
    while true {
      skipSpace()
      if sees("/>") {
        position += 2
        return false
      }
      if sees(">") {
        position += 1
        return true
      }
      _ = try name()
      skipSpace()
      guard sees("=") else { throw error("an attribute has no value") }
      position += 1
      skipSpace()
      if sees("\"") {
        position += 1
        _ = try skip(past: "\"", "an attribute")
      } else if sees("'") {
        position += 1
        _ = try skip(past: "'", "an attribute")
      } else {
        throw error("an attribute has no value")
      }
    }
  }

  mutating func entity() throws -> [UInt8] {
    let start = position
    position += 1
    while position < bytes.count, position - start < 12, bytes[position] != UInt8(ascii: ";") {
      position += 1
    }
    guard position < bytes.count, bytes[position] == UInt8(ascii: ";") else {
      throw error("an entity is not closed")
    }
    let name = String(decoding: bytes[start + 1..<position], as: UTF8.self)
    position += 1
    switch name {
    case "amp": return [UInt8(ascii: "&")]
    case "lt": return [UInt8(ascii: "<")]
    case "gt": return [UInt8(ascii: ">")]
    case "quot": return [UInt8(ascii: "\"")]
    case "apos": return [UInt8(ascii: "'")]
    default:
      let code =
        name.hasPrefix("#x")
        ? UInt32(name.dropFirst(2), radix: 16)
        : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
      guard let code, code > 0, let scalar = Unicode.Scalar(code) else {
        throw error("an unknown entity")
      }
      return Array(String(Character(scalar)).utf8)
    }
  }
}

private func isSpace(_ byte: UInt8) -> Bool {
  byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
}

private func isNamePart(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
    UInt8(ascii: "."), UInt8(ascii: ":"), 0x80...:
    true
  default: false
  }
}

func trimmed(_ text: some StringProtocol) -> String {
  let start = text.drop(while: \.isWhitespace)
  guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
  return String(start[...last])
}
