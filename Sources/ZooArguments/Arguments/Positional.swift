import ZooKit

/// An argument identified by its position. Its type decides how many words it takes:
///
/// ```swift
/// let model = Positional<String>("MODEL", help: "…", completion: .models)   // one
/// let pattern = Positional<String?>("PATTERN", help: "…")                   // one or none
/// let images = Positional<[String]>("IMAGE", atLeast: 1, help: "…")         // all remaining
/// ```
public struct Positional<Result: ArgumentResult>: Argument {
  public let declaration: Declaration
  private let reading = Reading<Result.Value>()

  /// A list needs at least one word, unless another number is given.
  public init(
    _ placeholder: String, atLeast least: Int? = nil, help: String, completion: Completion? = nil
  ) {
    let choices = Result.Value.choices
    let most = Result.occurs.upperBound
    let fewest = most == 1 ? Result.occurs.lowerBound : max(0, least ?? 1)
    declaration = Declaration(
      kind: .positional, names: [], placeholder: placeholder, help: help, occurs: fewest...most,
      shownDefault: nil, choices: choices,
      completion: completion ?? (choices.isEmpty ? .none : .choices(choices)), isHidden: false)
  }

  public func result(of words: [String]) throws -> Result {
    let values = try reading.values(of: words, for: declaration.name)
    guard let result = Result.gather(values) else {
      throw ZooError.usage("\(declaration.name) is missing")
    }
    return result
  }
}
