/// A JSON value with its line number.
///
/// Objects keep their order and reject duplicate keys; see `JSON(parsing:origin:)`. Values are
/// written as literals and printed with ``text(pretty:)``:
///
/// ```swift
/// let answer: JSON = ["model": "resnet18", "top": [["class": "tabby", "probability": 0.91]]]
/// print(answer.text())
/// ```
public struct JSON: Sendable {
  public enum Content: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([(key: String, value: JSON)])
  }

  public let content: Content
  /// The line in its file, from 1; 0 for a value made in code.
  public let line: Int

  public init(_ content: Content, line: Int = 0) {
    self.content = content
    self.line = line
  }

  /// The name of the type in error messages.
  var kind: String {
    switch content {
    case .null: "null"
    case .bool: "true or false"
    case .integer, .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }

  public var isNull: Bool { if case .null = content { true } else { false } }

  /// The value under a key of an object.
  public subscript(key: String) -> JSON? {
    guard case .object(let members) = content else { return nil }
    return members.first { $0.key == key }?.value
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByNilLiteral
{
  public typealias Key = String
  public typealias Value = JSON

  public init(nilLiteral: ()) { self.init(.null) }
  public init(stringLiteral string: String) { self.init(.string(string)) }
  public init(integerLiteral number: Int) { self.init(.integer(number)) }
  public init(floatLiteral number: Double) { self.init(.number(number)) }
  public init(booleanLiteral flag: Bool) { self.init(.bool(flag)) }
  public init(arrayLiteral items: JSON...) { self.init(.array(items)) }
  public init(dictionaryLiteral members: (String, JSON)...) {
    self.init(.object(members.map { (key: $0.0, value: $0.1) }))
  }

  public init(_ string: String) { self.init(.string(string)) }
  public init(_ string: String?) { self.init(string.map { .string($0) } ?? .null) }
  public init(_ number: Int) { self.init(.integer(number)) }
  public init(_ number: Double) { self.init(.number(number)) }
  public init(_ flag: Bool) { self.init(.bool(flag)) }
  public init(_ items: some Sequence<JSON>) { self.init(.array(Array(items))) }
  public init(_ strings: some Sequence<String>) { self.init(.array(strings.map { JSON($0) })) }
  public init(_ numbers: some Sequence<Int>) { self.init(.array(numbers.map { JSON($0) })) }
  public init(_ numbers: some Sequence<Double>) { self.init(.array(numbers.map { JSON($0) })) }
}
