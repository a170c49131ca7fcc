import ZooKit

/// A named argument with a value. Its type decides how often it may occur:
///
/// ```swift
/// let output = Option<String>("-o", "--output", value: "FILE", help: "…")   // required
/// let task = Option<String?>("--task", value: "T", help: "…")               // optional
/// let top = Option("--top", default: 5, in: 1...1000, help: "…")            // has a default
/// let keep = Option<[String]>("--keep", value: "NODE", help: "…")           // any number of times
/// ```
public struct Option<Result: ArgumentResult>: Argument {
  public let declaration: Declaration
  private let reading: Reading<Result.Value>
  private let fallback: Result?

  private init(
    _ names: [String], _ value: String?, _ fallback: Result?, _ reading: Reading<Result.Value>,
    _ help: String, _ completion: Completion?, _ isHidden: Bool
  ) {
    let choices = reading.choices
    let shown = fallback?.values.map(\.argument).joined(separator: " ") ?? ""
    declaration = Declaration(
      kind: .option, names: names, placeholder: value ?? Result.Value.placeholder, help: help,
      occurs: fallback == nil ? Result.occurs : 0...Result.occurs.upperBound,
      shownDefault: shown.isEmpty ? nil : shown, choices: choices,
      completion: completion ?? (choices.isEmpty ? .none : .choices(choices)), isHidden: isHidden)
    self.reading = reading
    self.fallback = fallback
  }

  public init(
    _ names: String..., value: String? = nil, default fallback: Result? = nil, help: String,
    completion: Completion? = nil, isHidden: Bool = false
  ) {
    self.init(names, value, fallback, Reading(), help, completion, isHidden)
  }

  /// A number with bounds.
  public init(
    _ names: String..., value: String? = nil, default fallback: Result? = nil,
    in range: some RangeExpression<Result.Value> & Sendable, help: String,
    completion: Completion? = nil, isHidden: Bool = false
  ) where Result.Value: Comparable {
    self.init(names, value, fallback, Reading(Limits(range)), help, completion, isHidden)
  }

  /// Words that a closure checks instead of a type, for options that a table describes. `wanted`
  /// completes the sentence “--lr wants …”; `choices` are all accepted words, if there is a fixed
  /// list; `accepts` may throw a more specific error.
  public init(
    _ names: String..., value: String, default fallback: Result? = nil, wanted: String,
    choices: [String] = [], help: String, completion: Completion? = nil,
    accepts: @escaping @Sendable (String) throws -> Bool
  ) where Result.Value == String {
    self.init(
      names, value, fallback, Reading(wanted: wanted, choices: choices, accepts: accepts), help,
      completion, false)
  }

  /// One of the given words, for a list that is not a type.
  public init(
    _ names: String..., value: String, default fallback: Result? = nil, of choices: [String],
    help: String
  ) where Result.Value == String {
    let reading = Reading<String>(
      wanted: "one of " + choices.joined(separator: ", "), choices: choices
    ) { choices.contains($0) }
    self.init(names, value, fallback, reading, help, nil, false)
  }

  public func result(of words: [String]) throws -> Result {
    if words.isEmpty, let fallback { return fallback }
    let values = try reading.values(of: words, for: declaration.name)
    guard let result = Result.gather(values) else {
      throw ZooError.usage("\(declaration.name) \(declaration.placeholder) is missing")
    }
    return result
  }
}
