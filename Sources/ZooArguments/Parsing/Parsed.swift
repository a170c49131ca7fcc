import ZooKit

/// The parsed words of a command line, by argument.
public struct Parsed: Sendable {
  /// The verb's name.
  public let verb: String
  /// The words of every declared argument, by its name.
  let words: [String: [String]]

  /// The value of an argument that the verb or the program declares.
  public subscript<Result>(argument: some Argument<Result>) -> Result {
    get throws {
      let name = argument.declaration.name
      guard let words = words[name] else {
        throw ZooError.failure("\(verb) reads \(name), which it does not declare")
      }
      return try argument.result(of: words)
    }
  }

  /// Whether it was given on the command line, rather than by default.
  public func isGiven(_ argument: some Argument) -> Bool { !words(of: argument).isEmpty }

  /// The words given for it on the command line; an empty word for a flag.
  public func words(of argument: some Argument) -> [String] {
    words[argument.declaration.name] ?? []
  }
}
