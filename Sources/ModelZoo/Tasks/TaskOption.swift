/// A command-line option that belongs to a task. `zoo predict` and `zoo evaluate` collect the options
/// of all tasks, each name once.
public struct TaskOption: Sendable {
  /// The default and the allowed values; nil leaves the default to the task.
  public enum Kind: Sendable, Hashable {
    case integer(Int?, in: ClosedRange<Int>)
    case number(Double?, in: ClosedRange<Double>)
    case word(String?, of: [String])
    /// Several, separated by commas.
    case words(of: [String])
  }

  public enum Value: Sendable, Hashable {
    case integer(Int)
    case number(Double)
    case word(String)
    case words([String])
  }

  /// Without its dashes.
  public let name: String
  public let placeholder: String
  public let kind: Kind
  public let help: String

  public init(_ name: String, value placeholder: String, _ kind: Kind, help: String) {
    self.name = name
    self.placeholder = placeholder
    self.kind = kind
    self.help = help
  }
}

extension TaskOption {
  /// One option for this task and another that share its name.
  public func merged(with other: TaskOption) -> TaskOption {
    TaskOption(
      name, value: placeholder, kind == other.kind ? kind : kind.withoutDefault,
      help: help == other.help ? help : "\(help); \(other.help)")
  }
}

extension TaskOption.Kind {
  fileprivate var withoutDefault: Self {
    switch self {
    case .integer(_, let range): .integer(nil, in: range)
    case .number(_, let range): .number(nil, in: range)
    case .word(_, let words): .word(nil, of: words)
    case .words: self
    }
  }
}

/// The values of a task's options, by name.
///
/// ```swift
/// let report = try model.evaluate(on: data, options: ["score": .number(0.3)])
/// ```
public struct TaskOptions: Sendable, ExpressibleByDictionaryLiteral {
  private var values: [String: TaskOption.Value]

  public init(_ values: [String: TaskOption.Value] = [:]) { self.values = values }

  public init(dictionaryLiteral values: (String, TaskOption.Value)...) {
    self.values = Dictionary(values) { _, last in last }
  }

  public subscript(name: String) -> TaskOption.Value? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// With other values for some options.
  func with(_ others: [String: TaskOption.Value]) -> TaskOptions {
    TaskOptions(values.merging(others) { $1 })
  }

  /// The given value, or the default.
  func integer(_ option: TaskOption) -> Int? {
    if case .integer(let value) = values[option.name] { return value }
    return if case .integer(let usual, _) = option.kind { usual } else { nil }
  }

  func number(_ option: TaskOption) -> Double? {
    if case .number(let value) = values[option.name] { return value }
    return if case .number(let usual, _) = option.kind { usual } else { nil }
  }

  func word(_ option: TaskOption) -> String? {
    if case .word(let value) = values[option.name] { return value }
    return if case .word(let usual, _) = option.kind { usual } else { nil }
  }
}
