import ZooData
import ZooKit
import ZooStore
import ZooTraining

/// A type of setting values, with its representation in recipes and on the command line.
///
/// An enum of strings needs no code at all:
/// ```swift
/// extension OptimizerKind: SettingValue {}
/// ```
protocol SettingValue: Equatable, Sendable {
  /// From command-line words, or nil if they are invalid. Only a repeatable type gets more than one.
  init?(words: [String]) throws
  /// The command-line words for this value.
  var spelling: [String] { get }
  /// Reads a member of a recipe.
  static func read(_ fields: inout Fields, _ key: String) throws -> Self
  var json: JSON { get }
  /// The numbers that must lie in the setting's range.
  var numbers: [Double] { get }
  /// Completes the sentence “--lr wants …”.
  static var wanted: String { get }
  /// All accepted words, if there is a fixed list.
  static var choices: [String] { get }
  /// Whether the option may be given several times.
  static var isRepeatable: Bool { get }
}

extension SettingValue {
  var numbers: [Double] { [] }
  static var choices: [String] { [] }
  static var isRepeatable: Bool { false }
}

extension Int: SettingValue {
  init?(words: [String]) { self.init(words[0]) }
  var spelling: [String] { ["\(self)"] }
  static func read(_ fields: inout Fields, _ key: String) throws -> Int {
    try fields.integer(key)
  }
  var json: JSON { JSON(self) }
  var numbers: [Double] { [Double(self)] }
  static var wanted: String { "a whole number" }
}

extension Double: SettingValue {
  init?(words: [String]) {
    guard let number = Double(words[0]), number.isFinite else { return nil }
    self = number
  }
  var spelling: [String] { [self == rounded() && abs(self) < 1e15 ? "\(Int(self))" : "\(self)"] }
  static func read(_ fields: inout Fields, _ key: String) throws -> Double {
    try fields.number(key)
  }
  var json: JSON { JSON(self) }
  var numbers: [Double] { [self] }
  static var wanted: String { "a number" }
}

extension Bool: SettingValue {
  init?(words: [String]) { self.init(words[0]) }
  var spelling: [String] { ["\(self)"] }
  static func read(_ fields: inout Fields, _ key: String) throws -> Bool {
    try fields.bool(key)
  }
  var json: JSON { JSON(self) }
  static var wanted: String { "true or false" }
}

extension String: SettingValue {
  init(words: [String]) { self = words[0] }
  var spelling: [String] { [self] }
  static func read(_ fields: inout Fields, _ key: String) throws -> String {
    try fields.string(key)
  }
  var json: JSON { JSON(self) }
  static var wanted: String { "a text" }
}

/// Names, one per word.
extension [String]: SettingValue {
  init(words: [String]) { self = words }
  var spelling: [String] { self }
  static func read(_ fields: inout Fields, _ key: String) throws -> [String] {
    try fields.strings(key)
  }
  var json: JSON { JSON(self) }
  static var wanted: String { "a text" }
  static var isRepeatable: Bool { true }
}

/// One number per channel, separated by commas.
public struct ChannelNumbers: Sendable, Equatable, ExpressibleByArrayLiteral {
  public var numbers: [Double]

  public init(_ numbers: [Double]) { self.numbers = numbers }
  public init(arrayLiteral numbers: Double...) { self.numbers = numbers }
}

extension ChannelNumbers: SettingValue {
  init?(words: [String]) {
    let parts = words[0].split(separator: ",", omittingEmptySubsequences: false)
    numbers = parts.compactMap { Double(words: [String($0)]) }
    guard numbers.count == parts.count else { return nil }
  }
  var spelling: [String] { [numbers.map { "\($0)" }.joined(separator: ",")] }
  static func read(_ fields: inout Fields, _ key: String) throws -> ChannelNumbers {
    ChannelNumbers(try fields.numbers(key))
  }
  var json: JSON { JSON(numbers) }
  static var wanted: String { "comma-separated numbers, each" }
}

extension AugmentationScript: SettingValue {
  init(words: [String]) throws { try self.init(words[0]) }
  var spelling: [String] { [text] }
  static func read(_ fields: inout Fields, _ key: String) throws -> AugmentationScript {
    let text = try fields.string(key)
    do { return try AugmentationScript(text) } catch let error as ZooError {
      throw fields.error("“\(key)” of \(fields.what): \(error.message)")
    }
  }
  var json: JSON { JSON(text) }
  static var wanted: String { "an augmentation" }
}

extension SettingValue where Self: RawRepresentable, Self: CaseIterable, RawValue == String {
  init?(words: [String]) { self.init(rawValue: words[0]) }
  var spelling: [String] { [rawValue] }
  static func read(_ fields: inout Fields, _ key: String) throws -> Self {
    guard let choice = try fields.choice(key, of: Self.self) else {
      throw fields.error("\(fields.what) has no “\(key)”")
    }
    return choice
  }
  var json: JSON { JSON(rawValue) }
  static var wanted: String { "one of " + choices.joined(separator: ", ") }
  static var choices: [String] { allCases.map(\.rawValue) }
}

extension Finetuning.HeadKind: SettingValue {}
extension Finetuning.Weighting: SettingValue {}
extension Finetuning.MixingKind: SettingValue {}
extension Finetuning.NormKind: SettingValue {}
extension OptimizerKind: SettingValue {}
extension ScheduleKind: SettingValue {}
extension LossKind: SettingValue {}
extension Descent.Options.Decayed: SettingValue {}
extension Fit: SettingValue {}
