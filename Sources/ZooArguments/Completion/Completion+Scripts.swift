extension Program {
  package func completionScript(for shell: Shell) -> String {
    switch shell {
    case .bash: bashCompletion
    case .zsh: zshCompletion
    case .fish: fishCompletion
    }
  }

  /// The arguments of a verb in the scripts: without hidden ones, with `--help`.
  func completed(_ verb: any Verb) -> (options: [Declaration], positionals: [Declaration]) {
    let forms = (arguments(of: verb).map(\.declaration) + [Program.help]).filter { !$0.isHidden }
    return (forms.filter { $0.kind != .positional }, forms.filter { $0.kind == .positional })
  }

  /// The options that may precede the verb.
  var completedEarly: [Declaration] {
    earlyDeclarations.filter { !$0.isHidden }
  }

  /// The verbs, and `help`, which is not a verb.
  var completedVerbs: [(name: String, summary: String)] {
    allVerbs.map { ($0.name, $0.summary) } + [("help", "describe a verb")]
  }
}

/// A word in single quotes, for bash and zsh.
func quoted(_ text: String) -> String {
  "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#)
    + "'"
}
