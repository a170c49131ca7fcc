extension Program {
  /// Mistakes in the declarations, which a test expects to be empty.
  package var problems: [String] {
    let doubles = Program.doubles(allVerbs.map(\.name)).map { "two verbs are called \($0)" }
    return doubles + allVerbs.flatMap(problems)
  }

  private func problems(of verb: any Verb) -> [String] {
    let forms = arguments(of: verb).map(\.declaration)
    let positionals = forms.filter { $0.kind == .positional }
    var problems = Program.doubles(forms.flatMap { $0.names.isEmpty ? [$0.name] : $0.names })
      .map { "two arguments are called \($0)" }
    for form in forms where form.kind != .positional {
      if form.names.isEmpty { problems.append("an option has no name") }
      for name in form.names where !Program.isOptionName(name) {
        problems.append("\(name) is no name for an option")
      }
    }
    if positionals.filter(\.isRepeatable).count > 1 {
      problems.append("two positionals take all the words that are left")
    }
    return problems.map { "\(name) \(verb.name): \($0)" }
  }

  /// `-o` or `--output`; `-h` and `--help` are reserved.
  private static func isOptionName(_ name: String) -> Bool {
    let text = name.drop { $0 == "-" }
    let dashes = name.utf8.count - text.utf8.count
    let plain = text.utf8.allSatisfy { $0 < 0x80 && $0 > 0x20 && $0 != UInt8(ascii: "=") }
    return plain && (dashes == 1 ? text.utf8.count == 1 : dashes == 2 && text.utf8.count > 1)
      && !help.names.contains(name) && Double(name) == nil
  }

  private static func doubles(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.filter { !seen.insert($0).inserted }
  }
}
