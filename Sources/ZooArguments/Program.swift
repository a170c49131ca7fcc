import ZooKit

/// A command line with verbs.
///
/// ```swift
/// let zoo = Program(
///   name: "zoo", version: "0.1.0", summary: "a model zoo for computer vision",
///   common: [Common.json, Common.quiet], verbs: [List(), Info()], models: { try names() })
/// exit(zoo.main(CommandLine.arguments))
/// ```
/// `help`, `completion`, `--help` and `--version` need no declaration, and `zoo help --man` prints
/// the manual page.
public struct Program: Sendable {
  public let name: String
  public let version: String
  public let summary: String
  /// Paragraphs for the program's own help, separated by empty lines.
  public let discussion: String
  /// The arguments of every verb.
  public let common: [any Argument]
  public let verbs: [any Verb]
  /// The environment variables that the program reads, and their effects.
  public let environment: KeyValuePairs<String, String>
  /// Names of models, for completion, in the order in which shells offer them.
  public let models: @Sendable () throws -> [String]

  public init(
    name: String, version: String, summary: String, discussion: String = "",
    common: [any Argument] = [], verbs: [any Verb],
    environment: KeyValuePairs<String, String> = [:],
    models: @escaping @Sendable () throws -> [String] = { [] }
  ) {
    self.name = name
    self.version = version
    self.summary = summary
    self.discussion = discussion
    self.common = common
    self.verbs = verbs
    self.environment = environment
    self.models = models
  }

  /// The action that a command line asks for.
  package enum Request: Sendable {
    case help
    case manual
    case verbHelp(any Verb)
    case version
    case run(any Verb, Parsed)
  }

  /// - Parameter words: without the program's own name.
  package func request(_ words: [String]) throws -> Request {
    var rest = words[...]
    let early = try wordsBeforeVerb(&rest)
    guard let name = rest.popFirst(), !early.contains("--help"), !early.contains("-h") else {
      return early.contains("--version") ? .version : .help
    }
    if early.contains("--version") { return .version }
    if name == "help" { return try helpRequest(rest) }
    let verb = try verb(name)
    let options = rest.prefix { $0 != "--" }
    if options.contains("--help") || options.contains("-h") { return .verbHelp(verb) }
    var parser = Parser(command: "\(self.name) \(name)", arguments: arguments(of: verb))
    do {
      return .run(verb, Parsed(verb: name, words: try parser.parse(early + rest)))
    } catch {
      throw pointingToHelp(error, verb)
    }
  }

  /// Adds a hint at the help to a usage error.
  func pointingToHelp(_ error: any Error, _ verb: any Verb) -> any Error {
    guard let error = error as? ZooError, error.kind == .usage else { return error }
    return ZooError.usage("\(error.message); see '\(name) \(verb.name) --help'")
  }

  /// Common options may also precede the verb.
  private func wordsBeforeVerb(_ rest: inout ArraySlice<String>) throws -> [String] {
    var early: [String] = []
    while let word = rest.first, word.hasPrefix("-"), word != "-" {
      rest.removeFirst()
      early.append(word)
      if ["--help", "-h", "--version"].contains(word) { continue }
      let name = String(word.prefix { $0 != "=" })
      guard let form = earlyDeclarations.first(where: { $0.names.contains(name) }) else {
        throw ZooError.usage(
          "there is no option \(shown(name)) before the verb"
            + near(name, among: earlyDeclarations.filter { !$0.isHidden }.flatMap(\.names))
            + "; see '\(self.name) --help'")
      }
      if form.kind == .option, name == word, let value = rest.popFirst() { early.append(value) }
    }
    return early
  }

  private func helpRequest(_ rest: ArraySlice<String>) throws -> Request {
    guard let name = rest.first(where: { !$0.hasPrefix("-") }) else {
      return rest.contains("--man") ? .manual : .help
    }
    return .verbHelp(try verb(name))
  }

  private func verb(_ name: String) throws -> any Verb {
    if let verb = allVerbs.first(where: { $0.name == name }) { return verb }
    throw ZooError.usage(
      "no verb is called \(shown(name))" + near(name, among: allVerbs.map(\.name))
        + "; see '\(self.name) --help'")
  }

  var allVerbs: [any Verb] { verbs + [CompletionVerb(program: self)] }

  /// All arguments of a verb; its own replace common arguments of the same name.
  func arguments(of verb: any Verb) -> [any Argument] {
    let own = verb.arguments + verb.groups.flatMap(\.arguments)
    let names = Set(own.map(\.declaration.name))
    return own + common.filter { !names.contains($0.declaration.name) }
  }

  /// The arguments under “Common options” in a verb's help.
  func commonDeclarations(beside verb: any Verb) -> [Declaration] {
    let own = verb.arguments.count + verb.groups.reduce(0) { $0 + $1.arguments.count }
    return arguments(of: verb).dropFirst(own).map(\.declaration) + [Program.help]
  }

  /// The options that may precede the verb.
  var earlyDeclarations: [Declaration] {
    common.map(\.declaration) + [
      Program.help, Flag("--version", help: "show the version").declaration,
    ]
  }

  static var help: Declaration { Flag("-h", "--help", help: "show this help").declaration }
}
