extension Program {
  /// `_arguments` does the work; the state `verb` offers verbs, `rest` the arguments of the chosen
  /// verb.
  var zshCompletion: String {
    """
    #compdef \(name)
    # zsh completion for \(name): \(name) completion zsh > ~/.zfunc/_\(name)
    _\(name)_models() {
      local -a names
      names=(${(f)"$($program completion --names "$PREFIX" 2>/dev/null)"})
      compadd -V models -a names
      _files -g '*.h5'
    }
    _\(name)() {
      local program=${words[1]/#\\~/$HOME} context state state_descr line
      typeset -A opt_args
      _arguments -C \\
    \(completedEarly.flatMap(zshSpecifications).map { "    \($0) \\\n" }.joined())\
        '1: :->verb' '*:: :->rest'
      case $state in
        verb)
          local -a verbs
          verbs=(
    \(completedVerbs.map { "        \(quoted("\($0.name):\(zshText($0.summary))"))" }
        .joined(separator: "\n"))
          )
          _describe verb verbs ;;
        rest)
          case $words[1] in
            help) _arguments \(quoted("1:verb:(\(allVerbs.map(\.name).joined(separator: " ")))")) ;;
    \(allVerbs.map(zshCase).joined(separator: "\n"))
          esac ;;
      esac
    }
    if [[ $funcstack[1] == _\(name) ]]; then _\(name) "$@"; else compdef _\(name) \(name); fi

    """
  }

  private func zshCase(_ verb: any Verb) -> String {
    let (options, positionals) = completed(verb)
    let places = positionals.enumerated().map { index, form in
      let place = form.isRepeatable ? "*" : "\(index + 1)"
      return quoted("\(place):\(zshText(form.placeholder)):\(zshAction(form))")
    }
    let lines = (options.flatMap(zshSpecifications) + places).map { "          \($0)" }
    return "        \(verb.name)) _arguments -s \\\n"
      + lines.joined(separator: " \\\n") + " ;;"
  }

  /// One specification per name; the names of one option exclude each other.
  private func zshSpecifications(_ form: Declaration) -> [String] {
    form.names.map { name in
      let excluded =
        form.kind == .option && form.isRepeatable ? "*" : "(\(form.names.joined(separator: " ")))"
      let value = form.kind == .flag ? "" : ":\(zshText(form.placeholder)):\(zshAction(form))"
      let equals = form.kind == .flag ? "" : name.hasPrefix("--") ? "=" : "+"
      return quoted("\(excluded)\(name)\(equals)[\(zshText(form.help))]\(value)")
    }
  }

  private func zshAction(_ form: Declaration) -> String {
    switch form.completion {
    case .none: return ""
    case .files(let endings) where endings.isEmpty: return "_files"
    case .files(let endings): return "_files -g \"*.(\(endings.joined(separator: "|")))\""
    case .folders: return "_files -/"
    case .choices(let choices): return "(\(choices.joined(separator: " ")))"
    case .models: return "_\(name)_models"
    }
  }

  /// `:`, `[` and `]` separate the fields of a specification.
  private func zshText(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      if ":[]\\".contains(character) { result += "\\" }
      result.append(character)
    }
  }
}
