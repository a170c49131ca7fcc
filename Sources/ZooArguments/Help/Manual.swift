import Glibc
import ZooKit

extension Program {
  /// The whole command line as a manual page, in the macros of man(7), from the same declarations
  /// as `--help`: `zoo help --man | man -l -`.
  ///
  /// - Parameter date: the date of the page, as `2026-01-31`.
  package func manual(date: String) -> String { Manual(program: self).text(date: date) }

  /// Today, or the date in `SOURCE_DATE_EPOCH`, for reproducible pages.
  static var manualDate: String {
    var seconds = getenv("SOURCE_DATE_EPOCH").flatMap { Int(String(cString: $0)) } ?? time(nil)
    var date = tm()
    gmtime_r(&seconds, &date)
    var bytes = [CChar](repeating: 0, count: 32)
    let count = strftime(&bytes, bytes.count, "%Y-%m-%d", &date)
    return String(decoding: bytes.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

private struct Manual {
  let program: Program

  func text(date: String) -> String {
    let title = roff(program.name.uppercased())
    var text = ".TH \(title) 1 \(date) \"\(roff("\(program.name) \(program.version)"))\"\n"
    text += ".SH NAME\n\(roff(program.name)) \\- \(roff(program.summary))\n"
    text += ".SH SYNOPSIS\n\(bold(program.name)) \(italic("VERB"))"
    text += " [\(italic("ARGUMENT"))\\|.\\|.\\|.] [\(italic("OPTION"))\\|.\\|.\\|.]\n"
    text += ".SH DESCRIPTION\n" + paragraphs(program.discussion)
    text += ".SH OPTIONS\n" + lines(roff("Every verb accepts these, before or after its name."))
    text += options(program.earlyDeclarations) + ".SH VERBS\n"
    text += lines(roff("Each verb's own arguments and options."))
    text += program.allVerbs.map(section).joined()
    text += ".SH \"EXIT STATUS\"\n" + item("0", roff("Done."))
    for kind in (1...255).compactMap(ZooError.Kind.init) {
      text += item("\(kind.rawValue)", roff(kind.meaning))
    }
    text += ".SH ENVIRONMENT\n"
    for (name, meaning) in program.environment { text += item(bold(name), roff(meaning)) }
    return text
  }

  private func section(_ verb: any Verb) -> String {
    let own = verb.arguments.map(\.declaration)
    var text = ".SS \"\(roff("\(program.name) \(verb.name)"))\"\n"
    let usage = (own + verb.groups.flatMap { $0.arguments.map(\.declaration) })
      .filter { !$0.isHidden && ($0.kind == .positional || $0.isRequired) }.map(\.manualUsage)
    text += lines(
      ([bold("\(program.name) \(verb.name)")] + usage + ["[\(italic("OPTION"))\\|.\\|.\\|.]"])
        .joined(separator: " "))
    text += ".PP\n" + lines(roff(verb.summary.capitalised + "."))
    text += verb.discussion.isEmpty ? "" : ".PP\n" + paragraphs(verb.discussion)
    text += options(own)
    for group in verb.groups {
      text += ".PP\n" + lines(italic(group.title) + ":")
      text += options(group.arguments.map(\.declaration))
    }
    for (command, meaning) in verb.examples {
      text += ".PP\n" + lines(roff(meaning.capitalised + ":"))
      text += ".PP\n.in +4n\n.nf\n\(line(roff(command)))\n.fi\n.in\n"
    }
    return text
  }

  private func options(_ forms: [Declaration]) -> String {
    forms.filter { !$0.isHidden }.map { item($0.manualName, roff($0.right)) }.joined()
  }

  private func item(_ tag: String, _ text: String) -> String { ".TP\n\(tag)\n" + lines(text) }

  private func paragraphs(_ text: String) -> String {
    text.paragraphs.map { lines(roff($0)) }.joined(separator: ".PP\n")
  }

  /// Lines of the source, below 80 columns because people read it too.
  private func lines(_ roff: String) -> String {
    roff.wrapped(to: 78).map { line($0) + "\n" }.joined()
  }

  /// Protects a line that starts like a request.
  private func line(_ roff: some StringProtocol) -> String {
    (roff.hasPrefix(".") || roff.hasPrefix("'") ? "\\&" : "") + roff
  }
}

/// Text for troff: with a minus that can be copied into a shell, and only ASCII.
private func roff(_ text: String) -> String {
  text.unicodeScalars.reduce(into: "") { result, scalar in
    switch scalar {
    case "\\": result += "\\e"
    case "-": result += "\\-"
    case "\"": result += "\\(dq"
    case "'": result += "\\(aq"
    case "^": result += "\\(ha"
    case "~": result += "\\(ti"
    case "`": result += "\\(ga"
    case "…": result += "\\|.\\|.\\|."
    case _ where scalar.isASCII: result.unicodeScalars.append(scalar)
    default:
      let digits = String(scalar.value, radix: 16, uppercase: true)
      result += "\\[u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
    }
  }
}

private func bold(_ text: String) -> String { "\\fB\(roff(text))\\fR" }
private func italic(_ text: String) -> String { "\\fI\(roff(text))\\fR" }

extension Declaration {
  fileprivate var manualName: String {
    guard kind != .positional else { return italic(placeholder) + more }
    let value = kind == .option ? " \(italic(placeholder))" : ""
    return names.map(bold).joined(separator: ", ") + value
  }

  fileprivate var manualUsage: String {
    let text =
      kind == .positional ? italic(placeholder) + more : "\(bold(names[0])) \(italic(placeholder))"
    return isRequired ? text : "[\(text)]"
  }

  private var more: String { isRepeatable ? "\\|.\\|.\\|." : "" }
}

extension String {
  fileprivate var capitalised: String { prefix(1).uppercased() + dropFirst() }
}

extension ZooError.Kind {
  fileprivate var meaning: String {
    switch self {
    case .failure: "An internal error."
    case .usage: "The command line is wrong."
    case .corrupt: "A file is damaged, or unsuitable for its use."
    case .notFound: "An input or a model does not exist."
    case .unavailable: "Something is not installed and cannot be obtained: weights, a library."
    case .system: "The system gives too little memory, address space or processes."
    case .cannotCreate: "The output cannot be created."
    case .io: "Reading or writing failed, for example because the disk is full."
    case .interrupted: "Interrupted, after the state was saved."
    case .terminated: "Terminated, after the state was saved."
    }
  }
}
