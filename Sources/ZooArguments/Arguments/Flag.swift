/// An option without a value. Repeating it changes nothing.
///
/// ```swift
/// let json = Flag("--json", help: "print JSON and nothing else")
/// ```
public struct Flag: Argument {
  public let declaration: Declaration

  public init(_ names: String..., help: String, isHidden: Bool = false) {
    declaration = Declaration(
      kind: .flag, names: names, placeholder: "", help: help, occurs: 0...Int.max,
      shownDefault: nil, choices: [], completion: .none, isHidden: isHidden)
  }

  public func result(of words: [String]) -> Bool { !words.isEmpty }
}
