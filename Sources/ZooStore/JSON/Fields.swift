import ZooKit

/// The members of a JSON object, read one by one; a member that was not read is an error.
///
/// ```swift
/// var fields = try Fields(json, of: "record", in: "Catalog.json")
/// let name = try fields.string("name")
/// let size = try fields.optional("size") { try $0.integer($1) }
/// try fields.finish()          // "Catalog.json, line 12: record has an unknown key “nmae”"
/// ```
public struct Fields {
  /// A name is shorter. Longer ones make every search and message slow.
  public static let mostBytes = 4096

  public let what: String
  public let origin: String
  public let line: Int
  private var left: [(key: String, value: JSON)]

  public init(_ json: JSON, of what: String, in origin: String) throws {
    guard case .object(let members) = json.content else {
      throw ZooError.corrupt(
        "\(origin), line \(json.line): \(what) is \(json.kind); expected an object")
    }
    self.what = what
    self.origin = origin
    line = json.line
    left = members
  }

  public func error(_ problem: String, line: Int? = nil) -> ZooError {
    .corrupt("\(origin), line \(line ?? self.line): \(problem)")
  }

  /// The value, or nil if the key is absent or null.
  public mutating func take(_ key: String) -> JSON? {
    guard let index = left.firstIndex(where: { $0.key == key }) else { return nil }
    let value = left.remove(at: index).value
    // In a conditional expression `nil` would be the JSON value.
    if value.isNull { return Optional.none }
    return value
  }

  public mutating func json(_ key: String) throws -> JSON {
    guard let value = take(key) else { throw error("\(what) has no “\(key)”") }
    return value
  }

  private func expected<T>(_ wanted: String, _ key: String, _ json: JSON, _ value: T?) throws -> T {
    guard let value else {
      throw error("“\(key)” of \(what) is \(json.kind); expected \(wanted)", line: json.line)
    }
    return value
  }

  /// A name, or a text of up to `most` bytes.
  public mutating func string(_ key: String, most: Int = Fields.mostBytes) throws -> String {
    let json = try json(key)
    let string = try expected("a string", key, json, json.string)
    guard string.utf8.count <= most else {
      throw error(
        "“\(key)” of \(what) has \(string.utf8.count) bytes; expected at most \(most)",
        line: json.line)
    }
    return string
  }

  /// Words for people, such as a licence.
  public mutating func text(_ key: String) throws -> String { try string(key, most: 65_536) }

  public mutating func integer(_ key: String) throws -> Int {
    let json = try json(key)
    return try expected("a whole number", key, json, json.integer)
  }

  public mutating func number(_ key: String) throws -> Double {
    let json = try json(key)
    return try expected("a number", key, json, json.number)
  }

  public mutating func bool(_ key: String) throws -> Bool {
    let json = try json(key)
    return try expected("true or false", key, json, json.bool)
  }

  public mutating func strings(_ key: String) throws -> [String] {
    try all(key, "expected strings of at most \(Fields.mostBytes) bytes") { json in
      json.string.flatMap { $0.utf8.count <= Fields.mostBytes ? $0 : nil }
    }
  }

  public mutating func integers(_ key: String) throws -> [Int] {
    try all(key, "expected whole numbers", \.integer)
  }

  public mutating func numbers(_ key: String) throws -> [Double] {
    try all(key, "expected numbers", \.number)
  }

  public mutating func list(_ key: String) throws -> [JSON] {
    let json = try json(key)
    return try expected("a list", key, json, json.list)
  }

  private mutating func all<T>(
    _ key: String, _ wanted: String, _ read: (JSON) -> T?
  ) throws -> [T] {
    try list(key).map { item in
      guard let value = read(item) else {
        throw error("“\(key)” of \(what) has \(item.kind) in it; \(wanted)", line: item.line)
      }
      return value
    }
  }

  public mutating func fields(_ key: String, of what: String) throws -> Fields {
    try Fields(try json(key), of: what, in: origin)
  }

  /// The result of `read`, or nil if the key is absent.
  public mutating func optional<T>(
    _ key: String, _ read: (inout Fields, String) throws -> T
  ) rethrows -> T? {
    guard let member = left.first(where: { $0.key == key }) else { return nil }
    if member.value.isNull {
      _ = take(key)
      return nil
    }
    return try read(&self, key)
  }

  /// Throws if a key was not read.
  public func finish() throws {
    if let (key, value) = left.first {
      throw error("\(what) has an unknown key “\(key)”", line: value.line)
    }
  }

  /// The remaining members, for objects whose keys are data.
  public mutating func rest() -> [(key: String, value: JSON)] {
    defer { left = [] }
    return left
  }
}

extension JSON {
  public var string: String? { if case .string(let string) = content { string } else { nil } }
  public var bool: Bool? { if case .bool(let flag) = content { flag } else { nil } }
  public var integer: Int? { if case .integer(let number) = content { number } else { nil } }
  public var number: Double? {
    switch content {
    case .integer(let number): Double(number)
    case .number(let number): number
    default: nil
    }
  }
  public var list: [JSON]? { if case .array(let items) = content { items } else { nil } }
}

extension Fields {
  /// One of an enumeration's words; nil if the key is absent.
  public mutating func choice<Choice>(_ key: String, of type: Choice.Type) throws -> Choice?
  where Choice: RawRepresentable<String> & CaseIterable {
    guard let word = try optional(key, { fields, key in try fields.string(key) }) else {
      return nil
    }
    guard let choice = Choice(rawValue: word) else {
      let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw error("“\(key)” of \(what) is “\(word)”; expected one of \(words)")
    }
    return choice
  }
}
