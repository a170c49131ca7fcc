import ZooKit

/// Assigns every word of a verb's command line to an argument.
struct Parser {
  let command: String
  let arguments: [any Argument]
  private let named: [String: Declaration]
  private let positionals: [Declaration]

  private var given: [String: [String]] = [:]
  private var loose: [String] = []

  init(command: String, arguments: [any Argument]) {
    self.command = command
    self.arguments = arguments
    let declarations = arguments.map(\.declaration)
    positionals = declarations.filter { $0.kind == .positional }
    let pairs = declarations.flatMap { form in form.names.map { ($0, form) } }
    named = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }

  /// The words of every argument by its name, already checked.
  mutating func parse(_ words: some Collection<String>) throws -> [String: [String]] {
    var rest = Array(words)[...]
    while let word = rest.popFirst() {
      if word == "--" {
        loose += rest
        break
      }
      if looksLikeOption(word) { try takeOption(word, &rest) } else { loose.append(word) }
    }
    try placeLooseWords()
    for argument in arguments {
      let form = argument.declaration
      let words = given[form.name, default: []]
      guard words.count >= form.occurs.lowerBound else {
        let value = form.kind == .positional ? form.name : "\(form.name) \(form.placeholder)"
        throw ZooError.usage("\(command) wants \(value)")
      }
      _ = try argument.result(of: words)
      given[form.name] = words
    }
    return given
  }

  /// Negative numbers and a lone `-`, which conventionally means standard input, are values.
  private func looksLikeOption(_ word: String) -> Bool {
    word.hasPrefix("-") && word != "-" && (named[word] != nil || Double(word) == nil)
  }

  private mutating func takeOption(_ word: String, _ rest: inout ArraySlice<String>) throws {
    let (name, attached) = split(word)
    guard let form = named[name] else {
      throw ZooError.usage(
        "\(command) has no option \(shown(name))" + near(name, among: visibleNames))
    }
    if form.kind == .flag {
      guard attached == nil else { throw ZooError.usage("\(name) takes no value") }
      given[form.name, default: []].append("")
      return
    }
    if !form.isRepeatable, given[form.name] != nil {
      throw ZooError.usage("\(name) is given twice")
    }
    guard let value = attached ?? nextValue(&rest) else {
      throw ZooError.usage("\(name) wants a value: \(name) \(form.placeholder)")
    }
    given[form.name, default: []].append(value)
  }

  private func nextValue(_ rest: inout ArraySlice<String>) -> String? {
    guard let next = rest.first, next != "--", !looksLikeOption(next) else { return nil }
    return rest.removeFirst()
  }

  /// `--name=value`, and `-ofile` if `-o` takes a value.
  private func split(_ word: String) -> (name: String, value: String?) {
    if named[word] != nil { return (word, nil) }
    if word.hasPrefix("--") {
      guard let equals = word.firstIndex(of: "=") else { return (word, nil) }
      return (String(word[..<equals]), String(word[word.index(after: equals)...]))
    }
    let short = String(word.prefix(2))
    guard named[short]?.kind == .option else { return (word, nil) }
    let value = word.dropFirst(2)
    return (short, String(value.first == "=" ? value.dropFirst() : value))
  }

  /// In order; each argument takes as many words as the later ones can spare.
  private mutating func placeLooseWords() throws {
    var rest = loose[...]
    for (index, form) in positionals.enumerated() {
      let needed = positionals[(index + 1)...].reduce(0) { $0 + $1.occurs.lowerBound }
      let count = min(form.occurs.upperBound, max(rest.count - needed, form.occurs.lowerBound))
      given[form.name] = Array(rest.prefix(count))
      rest = rest.dropFirst(count)
    }
    if let extra = rest.first {
      throw ZooError.usage("\(command) does not take the argument \(shown(extra))")
    }
  }

  private var visibleNames: [String] {
    arguments.map(\.declaration).filter { !$0.isHidden }.flatMap(\.names)
  }
}
