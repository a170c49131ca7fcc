import ZooKit

/// Where file names contain numbers: `{age}_*.jpg` finds 31 in `31_0_2.jpg`.
///
/// `{name}` is a number with an optional sign and decimals; a star matches any text, also none. A
/// pattern without a picture's ending is compared with names without their endings.
public struct NamePattern: Hashable, Sendable {
  private enum Part: Hashable {
    case text([UInt8])
    case star
    case number
  }

  public let text: String
  /// The names of the numbers, in their order.
  public let names: [String]
  private let parts: [Part]
  private let hasEnding: Bool

  public static func isPattern(_ text: String) -> Bool { text.contains("{") }

  public init(_ text: String) throws {
    func error(_ problem: String) -> ZooError { .usage("the pattern “\(text)” \(problem)") }
    var (parts, names): ([Part], [String]) = ([], [])
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "*"):
        if parts.last != .star { parts.append(.star) }
      case UInt8(ascii: "{"):
        guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else {
          throw error("has a brace that is not closed")
        }
        let name = trimmed(Substring(decoding: rest[..<end], as: UTF8.self))
        guard !name.isEmpty, !name.contains("{"), !names.contains(name) else {
          throw error("has a number without a name, or two of one name")
        }
        guard parts.last != .number else {
          throw error("has two numbers in a row")
        }
        parts.append(.number)
        names.append(name)
        rest = rest[rest.index(after: end)...]
      case UInt8(ascii: "}"): throw error("has a brace that was not opened")
      default:
        if case .text(let before) = parts.last {
          parts[parts.count - 1] = .text(before + [byte])
        } else {
          parts.append(.text([byte]))
        }
      }
    }
    guard !names.isEmpty, parts.count <= 64, text.utf8.count <= 1024 else {
      throw error("names no number, as {age} would, or is too long")
    }
    (self.text, self.names, self.parts) = (text, names, parts)
    hasEnding = isPictureName(text)
  }

  /// The numbers in a file name; nil if the name does not match.
  public func numbers(in name: String) -> [Float]? {
    var search = Search()
    let name = Array((hasEnding ? name : stem(of: name)).utf8)
    return match(0, name[...], &search) ? search.numbers : nil
  }

  private struct Search {
    var numbers: [Float] = []
    /// Part and place where it does not match: no pair is tried twice.
    var failed: Set<[Int]> = []
  }

  /// The shortest text for each star and the longest for each number; the recursion is as deep as
  /// the pattern has parts.
  private func match(_ part: Int, _ name: ArraySlice<UInt8>, _ search: inout Search) -> Bool {
    guard part < parts.count else { return name.isEmpty }
    guard !search.failed.contains([part, name.startIndex]) else { return false }
    let found = search.numbers.count
    switch parts[part] {
    case .text(let text):
      if name.starts(with: text), match(part + 1, name.dropFirst(text.count), &search) {
        return true
      }
    case .number:
      let run = NamePattern.number(at: name)
      if let number = Float(String(decoding: run, as: UTF8.self)), number.isFinite {
        search.numbers.append(number)
        if match(part + 1, name.dropFirst(run.count), &search) { return true }
      }
    case .star:
      for start in name.startIndex...name.endIndex
      where match(part + 1, name[start...], &search) {
        return true
      }
    }
    search.numbers.removeLast(search.numbers.count - found)
    search.failed.insert([part, name.startIndex])
    return false
  }

  /// A sign, digits, and a point with digits behind it.
  private static func number(at name: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
    var end = name.startIndex
    if let sign = name.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { end += 1 }
    let digits = name[end...].prefix(while: isDigit)
    guard !digits.isEmpty else { return name.prefix(0) }
    end = digits.endIndex
    if end < name.endIndex, name[end] == UInt8(ascii: ".") {
      let more = name[(end + 1)...].prefix(while: isDigit)
      if !more.isEmpty { end = more.endIndex }
    }
    return name[..<end]
  }
}
