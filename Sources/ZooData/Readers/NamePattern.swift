import ZooKit

/// Where file names contain numbers: `{age}_*.jpg` finds 31 in `31_0_2.jpg`.
///
/// `{name}` is a number with an optional sign and decimals; a star matches any text, also none. A
/// pattern without a picture's ending is compared with names without their endings. Alternatively,
/// `{group}` is a text, the shortest that fits: `{group}_*.jpg` finds “p7” in `p7_left.jpg`.
public struct NamePattern: Hashable, Sendable {
  private enum Part: Hashable {
    case text([UInt8])
    case star
    case number
    case word
  }

  public let text: String
  /// The names of the numbers, in their order.
  public let names: [String]
  private let parts: [Part]
  private let hasEnding: Bool

  public static func isPattern(_ text: String) -> Bool { text.contains("{") }

  public init(_ text: String) throws { try self.init(text, .number) }

  /// A pattern with one field, `{group}`, that is a text.
  public init(groups text: String) throws {
    try self.init(text, .word)
    guard names == ["group"] else {
      throw ZooError.usage("the pattern “\(text)” has other fields than {group}")
    }
  }

  private init(_ text: String, _ field: Part) throws {
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
          throw error("has a field without a name, or two of one name")
        }
        guard parts.last != field else { throw error("has two fields in a row") }
        parts.append(field)
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
      throw error("has no field, such as {age} or {group}, or is too long")
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

  /// The group in a path; nil if the path does not match. A pattern with slashes is compared with
  /// as many folders, a pattern without any with the file name.
  public func group(in path: String) -> String? {
    let folders = text.utf8.count { $0 == UInt8(ascii: "/") }
    let name = path.split(separator: "/").suffix(folders + 1).joined(separator: "/")
    var search = Search()
    let bytes = Array((hasEnding ? name : stem(of: name)).utf8)
    return match(0, bytes[...], &search)
      ? search.group.map { String(decoding: $0, as: UTF8.self) } : nil
  }

  private struct Search {
    var numbers: [Float] = []
    var group: ArraySlice<UInt8>?
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
    case .star, .word:
      let isWord = parts[part] == .word
      let longest = name.prefix { $0 != UInt8(ascii: "/") }
      for end in longest.startIndex...longest.endIndex where !isWord || end > name.startIndex {
        if match(part + 1, name[end...], &search) {
          if isWord { search.group = name[..<end] }
          return true
        }
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
