import ZooKit

/// Something a verb takes: a ``Flag``, an ``Option`` or a ``Positional``.
public protocol Argument<Result>: Sendable {
  associatedtype Result: Sendable
  var declaration: Declaration { get }
  /// The value of the words that were given for it; throws where one does not fit.
  func result(of words: [String]) throws -> Result
}

/// All that parsing, help and completion need to know of an argument, whatever its type.
public struct Declaration: Sendable {
  public enum Kind: Sendable { case flag, option, positional }

  public let kind: Kind
  /// `["-o", "--output"]`; empty for a positional.
  public let names: [String]
  /// What stands for the value in the usage line.
  public let placeholder: String
  public let help: String
  public let occurs: ClosedRange<Int>
  public let shownDefault: String?
  public let choices: [String]
  public let completion: Completion
  /// Works, but neither help nor completion tell of it.
  public let isHidden: Bool

  /// The name in messages, unique within a verb.
  public var name: String { names.first { $0.hasPrefix("--") } ?? names.first ?? placeholder }
  public var isRepeatable: Bool { occurs.upperBound > 1 }
  public var isRequired: Bool { occurs.lowerBound > 0 }
}

/// Arguments that stand under one heading in the help, and that several verbs may share.
public struct ArgumentGroup: Sendable {
  public let title: String
  public let arguments: [any Argument]

  public init(_ title: String, _ arguments: [any Argument]) {
    self.title = title
    self.arguments = arguments
  }
}

/// The values of words, each of which must fit, with the sentence for one that does not.
struct Reading<Value: ArgumentValue>: Sendable {
  let range: Limits<Value>?

  func values(of words: [String], for name: String) throws -> [Value] {
    try words.map { word in
      if let value = Value(argument: word), range?.contains(value) ?? true { return value }
      let wanted = Value.wanted + (range.map { " " + $0.text } ?? "")
      throw ZooError.usage(
        "\(name) wants \(wanted); got \(shown(word))" + near(word, among: Value.choices))
    }
  }
}

/// The bounds of a number and the words for them.
struct Limits<Value: Sendable>: Sendable {
  let contains: @Sendable (Value) -> Bool
  let text: String
}

extension Limits where Value: Comparable & ArgumentValue {
  init(_ range: some RangeExpression<Value> & Sendable) {
    contains = { range.contains($0) }
    text =
      switch range {
      case let range as ClosedRange<Value>:
        "from \(range.lowerBound.argument) to \(range.upperBound.argument)"
      case let range as Range<Value>:
        "from \(range.lowerBound.argument) to below \(range.upperBound.argument)"
      case let range as PartialRangeFrom<Value>: "of at least \(range.lowerBound.argument)"
      case let range as PartialRangeThrough<Value>: "of at most \(range.upperBound.argument)"
      case let range as PartialRangeUpTo<Value>: "below \(range.upperBound.argument)"
      default: "in \(range)"
      }
  }
}

/// A word as a message may show it: on one line, without control characters, not endless.
func shown(_ word: String) -> String {
  if word.isEmpty { return "an empty word" }
  var text = ""
  for scalar in word.unicodeScalars.prefix(80) {
    text += scalar.properties.generalCategory == .control ? "�" : String(Character(scalar))
  }
  return word.unicodeScalars.count > 80 ? text + "…" : text
}

/// “; did you mean …?”; a name nobody could have meant is not compared.
func near(_ word: String, among names: [String]) -> String {
  word.isEmpty || word.utf8.count > 64 ? "" : suggestion(word, among: names)
}
