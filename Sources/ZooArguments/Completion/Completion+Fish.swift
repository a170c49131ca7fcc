extension Program {
  var fishCompletion: String {
    let verbs = completedVerbs.map(\.name).joined(separator: " ")
    let none = "not __fish_seen_subcommand_from \(verbs)"
    var lines = [
      "# fish completion for \(name): \(name) completion fish > "
        + "~/.config/fish/completions/\(name).fish",
      "complete -c \(name) -f",
    ]
    for (verb, summary) in completedVerbs {
      lines.append(
        "complete -c \(name) -n \(fishQuoted(none)) -a \(verb) -d \(fishQuoted(summary))")
    }
    lines += completedEarly.map { fishOption($0, when: none) }
    for verb in allVerbs {
      let when = "__fish_seen_subcommand_from \(verb.name)"
      let (options, positionals) = completed(verb)
      lines += options.map { fishOption($0, when: when) }
      // fish does not count positionals, so the words of each position are offered at every
      // position.
      for offer in Set(positionals.map(fishOffer)).sorted() where !offer.isEmpty {
        lines.append("complete -c \(name) -n \(fishQuoted(when)) \(offer)")
      }
    }
    lines.append(
      "complete -c \(name) -n '__fish_seen_subcommand_from help' "
        + "-a \(fishQuoted(allVerbs.map(\.name).joined(separator: " ")))")
    return lines.joined(separator: "\n") + "\n"
  }

  private func fishOption(_ form: Declaration, when: String) -> String {
    let names = form.names.map {
      $0.hasPrefix("--") ? "-l \($0.dropFirst(2))" : "-s \($0.dropFirst())"
    }
    let offer = fishOffer(form)
    let value = form.kind == .flag ? "" : " -r" + (offer.isEmpty ? "" : " \(offer)")
    return "complete -c \(name) -n \(fishQuoted(when)) \(names.joined(separator: " "))\(value)"
      + " -d \(fishQuoted(form.help))"
  }

  private func fishOffer(_ form: Declaration) -> String {
    switch form.completion {
    case .none: return ""
    case .files(let endings) where endings.isEmpty: return "-F"
    case .files(let endings):
      let suffixes = endings.map { "__fish_complete_suffix .\($0)" }.joined(separator: "; ")
      return "-a \(fishQuoted("(\(suffixes))"))"
    case .folders: return "-a '(__fish_complete_directories)'"
    case .choices(let choices): return "-a \(fishQuoted(choices.joined(separator: " ")))"
    case .models:
      return "-k -a '(\(name) completion --names (commandline -ct) 2>/dev/null; "
        + "__fish_complete_suffix .h5)'"
    }
  }

  private func fishQuoted(_ text: String) -> String {
    "'" + text.reduce(into: "") { $0 += $1 == "'" || $1 == "\\" ? "\\\($1)" : "\($1)" } + "'"
  }
}
