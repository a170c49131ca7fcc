import ZooKit

/// An argument of a verb: a ``Flag``, an ``Option`` or a ``Positional``.
public protocol Argument<Result>: Sendable {
  associatedtype Result: Sendable
  var declaration: Declaration { get }
  /// The value of the words given for it; throws if one does not fit.
  func result(of words: [String]) throws -> Result
}

/// The parts of an argument that parsing, help and completion need, independent of its type.
public struct Declaration: Sendable {
  public enum Kind: Sendable { case flag, option, positional }

  public let kind: Kind
  /// `["-o", "--output"]`; empty for a positional.
  public let names: [String]
  /// The name of the value in the usage line.
  public let placeholder: String
  public let help: String
  public let occurs: ClosedRange<Int>
  public let shownDefault: String?
  public let choices: [String]
  public let completion: Completion
  /// Works, but is left out of help and completion.
  public let isHidden: Bool

  /// The name used in messages, unique within a verb.
  public var name: String { names.first { $0.hasPrefix("--") } ?? names.first ?? placeholder }
  public var isRepeatable: Bool { occurs.upperBound > 1 }
  public var isRequired: Bool { occurs.lowerBound > 0 }
}

/// Arguments under one heading in the help, which several verbs may share.
public struct ArgumentGroup: Sendable {
  public let title: String
  public let arguments: [any Argument]

  public init(_ title: String, _ arguments: [any Argument]) {
    self.title = title
    self.arguments = arguments
  }
}

/// Converts words to values, with an error message for words that do not fit.
struct Reading<Value: ArgumentValue>: Sendable {
  var wanted = Value.wanted
  var choices = Value.choices
  var accepts: @Sendable (Value) throws -> Bool = { _ in true }

  func values(of words: [String], for name: String) throws -> [Value] {
    try words.map { word in
      if let value = Value(argument: word), try accepts(value) { return value }
      throw ZooError.usage(
        "\(name) wants \(wanted); got \(shown(word))" + near(word, among: choices))
    }
  }
}

extension Reading {
  init(_ range: Limits<Value>) {
    wanted += " " + range.text
    accepts = range.contains
  }
}

/// The bounds of a number, and their wording.
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

/// A word as shown in a message: on one line, without control characters, and shortened.
func shown(_ word: String) -> String {
  if word.isEmpty { return "an empty word" }
  var text = ""
  for scalar in word.unicodeScalars.prefix(80) {
    text += scalar.properties.generalCategory == .control ? "�" : String(scalar).printable
  }
  return word.unicodeScalars.count > 80 ? text + "…" : text
}

/// “; did you mean …?”; words that are too long are not compared.
func near(_ word: String, among names: [String]) -> String {
  word.isEmpty || word.utf8.count > 64 ? "" : suggestion(word, among: names)
}
