import ZooKit

/// The words of a command line, each with the argument it belongs to.
public struct Parsed: Sendable {
  /// The verb's name.
  public let verb: String
  /// Every declared argument's words, by its name.
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

  /// Whether it stood on the command line, default or not.
  public func isGiven(_ argument: some Argument) -> Bool {
    words[argument.declaration.name]?.isEmpty == false
  }
}
