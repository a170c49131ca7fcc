import ZooKit

/// A type that a word of the command line can be converted to.
///
/// An enum of strings needs no code; its cases are checked, shown in the help and completed:
/// ```swift
/// enum Precision: String, CaseIterable, ArgumentValue { case fp32, bf16 }
/// ```
public protocol ArgumentValue: ArgumentResult where Value == Self {
  /// The value; nil if the word does not fit.
  init?(argument: String)
  /// The word for this value, to show a default.
  var argument: String { get }
  /// The end of the sentence “--top wants …”.
  static var wanted: String { get }
  /// The placeholder in the usage line, if the declaration names none.
  static var placeholder: String { get }
  /// All valid words, if they can be listed.
  static var choices: [String] { get }
}

extension ArgumentValue {
  public static var choices: [String] { [] }
}

extension String: ArgumentValue {
  public init?(argument: String) { self = argument }
  public var argument: String { self }
  public static var wanted: String { "a text" }
  public static var placeholder: String { "TEXT" }
}

extension Int: ArgumentValue {
  public init?(argument: String) { self.init(argument) }
  public var argument: String { String(self) }
  public static var wanted: String { "a whole number" }
  public static var placeholder: String { "N" }
}

extension UInt64: ArgumentValue {
  public init?(argument: String) { self.init(argument) }
  public var argument: String { String(self) }
  public static var wanted: String { "a whole number from 0" }
  public static var placeholder: String { "N" }
}

extension Double: ArgumentValue {
  public init?(argument: String) {
    guard let number = Double(argument), number.isFinite else { return nil }
    self = number
  }
  public var argument: String { self == rounded() && magnitude < 1e6 ? "\(Int(self))" : "\(self)" }
  public static var wanted: String { "a number" }
  public static var placeholder: String { "X" }
}

/// `3x224x224`. Sides are limited to 65,536, because larger ones would overflow derived numbers
/// such as multiply-accumulates.
extension Shape: ArgumentValue {
  public init?(argument: String) {
    var sizes: [Int] = []
    for part in argument.split(separator: "x", omittingEmptySubsequences: false) {
      guard let size = Int(part), 1...65_536 ~= size else { return nil }
      sizes.append(size)
    }
    self.init(checked: sizes)
  }
  public var argument: String { sizes.map(String.init).joined(separator: "x") }
  public static var wanted: String { "sizes such as 3x224x224" }
  public static var placeholder: String { "CxHxW" }
}

extension ArgumentValue where Self: RawRepresentable, Self: CaseIterable, RawValue == String {
  public init?(argument: String) { self.init(rawValue: argument) }
  public var argument: String { rawValue }
  public static var wanted: String { "one of " + choices.joined(separator: ", ") }
  public static var placeholder: String { "NAME" }
  public static var choices: [String] { allCases.map(\.rawValue) }
}
