extension Program {
  package func completionScript(for shell: Shell) -> String {
    switch shell {
    case .bash: bashCompletion
    case .zsh: zshCompletion
    case .fish: fishCompletion
    }
  }

  /// What the scripts tell of a verb: nothing hidden, `--help` included.
  func completed(_ verb: any Verb) -> (options: [Declaration], positionals: [Declaration]) {
    let forms = (arguments(of: verb).map(\.declaration) + [Program.help]).filter { !$0.isHidden }
    return (forms.filter { $0.kind != .positional }, forms.filter { $0.kind == .positional })
  }

  /// The options that may stand before the verb.
  var completedEarly: [Declaration] {
    earlyDeclarations.filter { !$0.isHidden }
  }

  /// The verbs, and `help`, which is not one.
  var completedVerbs: [(name: String, summary: String)] {
    allVerbs.map { ($0.name, $0.summary) } + [("help", "more about a verb")]
  }
}

/// A word in single quotes, as bash and zsh read it.
func quoted(_ text: String) -> String {
  "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#)
    + "'"
}
