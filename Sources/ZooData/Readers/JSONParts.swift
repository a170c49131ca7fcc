import ZooKit
import ZooStore

/// Where the members of a large JSON object, and the elements of its lists, begin and end, so that
/// each can be parsed by itself.
///
/// Only brackets, strings and commas are looked at; whoever parses a part finds what is wrong in
/// it.
struct JSONParts {
  let bytes: [UInt8]
  let origin: String

  /// As deep as JSON itself may nest here.
  private static let mostDepth = 64

  private func error(_ problem: String, _ place: Int) -> ZooError {
    let line = 1 + bytes.prefix(place).count { $0 == 0x0A }
    return .corrupt("\(origin), line \(line): \(problem)")
  }

  /// The keys and values of the whole text, which must be an object.
  func members() throws -> [(key: String, value: Range<Int>)] {
    var place = try start(UInt8(ascii: "{"), "the file", "an object", 0)
    var members: [(key: String, value: Range<Int>)] = []
    var isFirst = true
    while try hasNext(&place, UInt8(ascii: "}"), &isFirst) {
      let key = try value(at: place)
      guard case .string(let name) = try JSON(parsing: bytes[key], origin: origin).content else {
        throw error("a key was expected", place)
      }
      place = skipped(key.upperBound)
      guard place < bytes.count, bytes[place] == UInt8(ascii: ":") else {
        throw error("no colon after “\(name.printable)”", place)
      }
      let value = try value(at: skipped(place + 1))
      members.append((name, value))
      place = skipped(value.upperBound)
    }
    guard skipped(place) == bytes.count else {
      throw error("text after the end of the value", place)
    }
    return members
  }

  /// The elements of a value, which must be a list.
  func elements(of range: Range<Int>, _ name: String) throws -> [Range<Int>] {
    var place = try start(UInt8(ascii: "["), "“\(name)”", "a list", range.lowerBound)
    var elements: [Range<Int>] = []
    var isFirst = true
    while try hasNext(&place, UInt8(ascii: "]"), &isFirst) {
      let element = try value(at: place)
      elements.append(element)
      place = skipped(element.upperBound)
    }
    return elements
  }

  private func start(
    _ open: UInt8, _ what: String, _ wanted: String, _ place: Int
  ) throws -> Int {
    let place = skipped(place)
    guard place < bytes.count else {
      throw error("the text ends where a value was expected", place)
    }
    guard bytes[place] == open else { throw error("\(what) is not \(wanted)", place) }
    return skipped(place + 1)
  }

  /// Moves behind a comma; false behind the closing bracket.
  private func hasNext(_ place: inout Int, _ close: UInt8, _ isFirst: inout Bool) throws -> Bool {
    guard place < bytes.count else { throw error("a list or an object is not closed", place) }
    if bytes[place] == close {
      place += 1
      return false
    }
    if !isFirst {
      guard bytes[place] == UInt8(ascii: ",") else { throw error("a comma was expected", place) }
      place = skipped(place + 1)
    }
    isFirst = false
    return true
  }

  private func skipped(_ place: Int) -> Int {
    var place = place
    while place < bytes.count {
      switch bytes[place] {
      case 0x20, 0x0A, 0x0D, 0x09: place += 1
      default: return place
      }
    }
    return place
  }

  private func value(at start: Int) throws -> Range<Int> {
    try bytes.withUnsafeBufferPointer { bytes in
      var place = start
      var depth = 0
      while place < bytes.count {
        switch bytes[place] {
        case UInt8(ascii: "\""):
          place += 1
          while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
            place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
          }
          guard place < bytes.count else { throw error("a string is not closed", start) }
          if depth == 0 { return start..<place + 1 }
        case UInt8(ascii: "{"), UInt8(ascii: "["):
          guard depth < JSONParts.mostDepth else {
            throw error("nested more than \(JSONParts.mostDepth) levels deep", place)
          }
          depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          if depth == 0 { return try scalar(start..<place) }
          depth -= 1
          if depth == 0 { return start..<place + 1 }
        case UInt8(ascii: ","), 0x20, 0x0A, 0x0D, 0x09:
          if depth == 0 { return try scalar(start..<place) }
        default: break
        }
        place += 1
      }
      throw error("the text ends within a value", start)
    }
  }

  private func scalar(_ range: Range<Int>) throws -> Range<Int> {
    if range.isEmpty { throw error("a value was expected", range.lowerBound) }
    return range
  }
}
