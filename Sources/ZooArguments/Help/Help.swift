extension Program {
  package func help(for terminal: Terminal) -> String {
    Help(program: self, terminal: terminal).text()
  }

  package func help(of verb: any Verb, for terminal: Terminal) -> String {
    Help(program: self, terminal: terminal).text(of: verb)
  }
}

/// The help of the program and of each verb, wrapped to a width.
private struct Help {
  let program: Program
  let terminal: Terminal

  private var width: Int { min(terminal.width, 100) }

  func text(of verb: any Verb) -> String {
    var text = "\(terminal.bold("\(program.name) \(verb.name)")): \(verb.summary)\n"
    text += paragraphs(verb.discussion) + heading("Usage") + usage(of: verb)
    let (positionals, options) = verb.arguments.map(\.declaration).parted { $0.kind == .positional }
    text += section("Arguments", positionals) + section("Options", options)
    for group in verb.groups { text += section(group.title, group.arguments.map(\.declaration)) }
    text += section("Common options", program.commonDeclarations(beside: verb))
    if !verb.examples.isEmpty {
      text += heading("Examples")
      for (command, meaning) in verb.examples {
        text += "  \(command)\n" + lines(meaning, indent: 6)
      }
    }
    return text
  }

  func text() -> String {
    var text = "\(terminal.bold(program.name)) \(program.version): \(program.summary)\n"
    text += paragraphs(program.discussion)
    text += heading("Usage") + "  \(program.name) VERB [ARGUMENT…] [OPTION…]\n"
    text += heading("Verbs")
    text += rows(program.allVerbs.map { ($0.name, $0.summary) })
    text += section("Common options", program.earlyDeclarations)
    if !program.environment.isEmpty {
      text += heading("Environment") + rows(program.environment.map { ($0, $1) })
    }
    text += "\n'\(program.name) help VERB' describes a verb; "
    text += "'\(program.name) help --man' prints the manual page.\n"
    return text
  }

  private func heading(_ title: String) -> String { "\n\(terminal.bold(title))\n" }

  private func section(_ title: String, _ forms: [Declaration]) -> String {
    let visible = forms.filter { !$0.isHidden }
    return visible.isEmpty ? "" : heading(title) + rows(visible.map { ($0.left, $0.right) })
  }

  /// Two columns; a long left cell gets its own line.
  private func rows(_ rows: [(left: String, right: String)]) -> String {
    let widest = max(20, width * 2 / 5)
    let column = rows.map(\.left.columns).filter { $0 <= widest }.max() ?? 0
    return rows.map { row in
      let right = lines(row.right, indent: column + 4)
      if row.left.columns > column || right.isEmpty { return "  \(row.left)\n" + right }
      return "  " + row.left.padded(to: column + 2) + right.drop { $0 == " " }
    }.joined()
  }

  private func lines(_ text: String, indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    return text.wrapped(to: max(20, width - indent)).map { "\(margin)\($0)\n" }.joined()
  }

  private func paragraphs(_ text: String) -> String {
    text.paragraphs.map { "\n\($0.wrapped(to: width).joined(separator: "\n"))\n" }.joined()
  }

  /// Positionals and required options; the rest is `[OPTION…]`.
  private func usage(of verb: any Verb) -> String {
    let forms = (verb.arguments + verb.groups.flatMap(\.arguments)).map(\.declaration)
    let (positionals, named) = forms.filter { !$0.isHidden }.parted { $0.kind == .positional }
    let required = named.filter(\.isRequired)
    let parts = positionals.map(\.usage) + required.map(\.usage) + ["[OPTION…]"]
    let start = "  \(program.name) \(verb.name) "
    let margin = String(repeating: " ", count: start.columns)
    var text = start
    var used = start.columns
    for (index, part) in parts.enumerated() {
      if index > 0, used + 1 + part.columns > width {
        text += "\n" + margin
        used = margin.columns
      } else if index > 0 {
        text += " "
        used += 1
      }
      text += part
      used += part.columns
    }
    return text + "\n"
  }
}

extension Declaration {
  /// `-o, --output FILE`; indented if there is no short name.
  fileprivate var left: String {
    guard kind != .positional else { return placeholder + (isRepeatable ? "…" : "") }
    let short = names.filter { !$0.hasPrefix("--") }
    let long = names.filter { $0.hasPrefix("--") }
    let text = (short.isEmpty ? ["   "] : short) + long
    return text.joined(separator: short.isEmpty ? " " : ", ")
      + (kind == .option ? " \(placeholder)" : "")
  }

  var right: String {
    var notes: [String] = []
    if !choices.isEmpty { notes.append(choices.joined(separator: ", ")) }
    if let shownDefault { notes.append("default: \(shownDefault)") }
    if kind == .option && isRequired { notes.append("required") }
    if kind == .option && isRepeatable { notes.append("repeatable") }
    return help + (notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))")
  }

  fileprivate var usage: String {
    let text =
      kind == .positional
      ? placeholder + (isRepeatable ? "…" : "") : "\(names[0]) \(placeholder)"
    return isRequired ? text : "[\(text)]"
  }
}

extension String {
  /// The paragraphs, which empty lines separate, each on one line.
  var paragraphs: [String] {
    var paragraphs: [[Substring]] = [[]]
    for line in split(separator: "\n", omittingEmptySubsequences: false) {
      if line.allSatisfy(\.isWhitespace) {
        paragraphs.append([])
      } else {
        paragraphs[paragraphs.count - 1].append(line)
      }
    }
    return paragraphs.filter { !$0.isEmpty }.map { $0.joined(separator: " ") }
  }
}

extension Array {
  /// The elements that satisfy the condition, and the others.
  fileprivate func parted(_ isFirst: (Element) -> Bool) -> ([Element], [Element]) {
    (filter(isFirst), filter { !isFirst($0) })
  }
}
