extension Program {
  /// One function; each verb sets its options, the completions of those with a value, and its
  /// positionals. bash splits words at `=`, so `--task=cl` arrives as three.
  var bashCompletion: String {
    """
    # bash completion for \(name): source <(\(name) completion bash)
    _\(name)_offer() {
      case $1 in
        choices) COMPREPLY=($(compgen -W "$2" -- "$cur")) ;;
        folders) compopt -o filenames 2>/dev/null; _\(name)_paths -d ;;
        files) compopt -o filenames 2>/dev/null; _\(name)_files "$2" ;;
        models)
          compopt -o nosort 2>/dev/null
          [[ $cur == */* ]] ||
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]/#\\~/$HOME}" completion --names "$cur" 2>/dev/null)" -- "$cur"))
          ((${#COMPREPLY[@]})) || { compopt -o filenames 2>/dev/null; _\(name)_files h5; } ;;
      esac
    }
    _\(name)_paths() {
      local path
      while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen "$1" -- "$cur")
    }
    _\(name)_files() {
      local path
      while IFS= read -r path; do
        if [[ -z $1 || -d $path || " $1 " == *" ${path##*.} "* ]]; then COMPREPLY+=("$path"); fi
      done < <(compgen -f -- "$cur")
    }
    _\(name)() {
      local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb= i
      local options= valued= last= positionals=()
      COMPREPLY=()
      if [[ $cur == = ]]; then cur=
      elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}
      fi
      for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
          \(early)-*) ;;
          *) verb=${COMP_WORDS[i]}; break ;;
        esac
      done
      case $verb in
        '')
          case $prev in
    \(offers(completedEarly))
          esac
          _\(name)_offer choices \(quoted(firstWords)); return ;;
        help) _\(name)_offer choices \(quoted(verbNames)); return ;;
    \(allVerbs.map(bashCase).joined(separator: "\n"))
      esac
      if [[ $cur == -* ]]; then _\(name)_offer choices "$options"; return; fi
      local place=0
      for ((i++; i < COMP_CWORD; i++)); do
        if [[ " $valued " == *" ${COMP_WORDS[i]} "* ]]; then
          [[ ${COMP_WORDS[i+1]} == = ]] && ((i++))
          ((i++))
        elif [[ ${COMP_WORDS[i]} != -* ]]; then ((place++))
        fi
      done
      if ((place < ${#positionals[@]})); then last=${positionals[place]}; fi
      _\(name)_offer "${last%% *}" "${last#* }"
    }
    complete -F _\(name) \(name)

    """
  }

  private var verbNames: String { completedVerbs.map(\.name).joined(separator: " ") }

  private var firstWords: String {
    verbNames + " " + completedEarly.flatMap(\.names).joined(separator: " ")
  }

  private var early: String {
    let names = completedEarly.filter { $0.kind == .option }.flatMap(\.names)
    guard !names.isEmpty else { return "" }
    return "\(names.joined(separator: "|"))) ((i++)); [[ ${COMP_WORDS[i]} == = ]] && ((i++)) ;;\n"
      + "      "
  }

  private func bashCase(_ verb: any Verb) -> String {
    let (options, positionals) = completed(verb)
    let valued = options.filter { $0.kind == .option }
    let last = positionals.last.flatMap { $0.isRepeatable ? "last=\(quoted(offer($0)))" : nil }
    return """
          \(verb.name))
            options=\(quoted(options.flatMap(\.names).joined(separator: " ")))
            valued=\(quoted(valued.flatMap(\.names).joined(separator: " ")))
            positionals=(\(positionals.map { quoted(offer($0)) }.joined(separator: " "))) \(last ?? "")
            case $prev in
      \(offers(options))
            esac ;;
      """
  }

  /// The lines of `case $prev in`: the completions after an option that takes a value.
  private func offers(_ options: [Declaration]) -> String {
    options.filter { $0.kind == .option }.map { form in
      let parts = offer(form).split(separator: " ", maxSplits: 1).map(String.init)
      let words = parts.count > 1 ? quoted(parts[1]) : "''"
      return "        \(form.names.joined(separator: "|"))) "
        + "_\(name)_offer \(parts[0]) \(words); return ;;"
    }.joined(separator: "\n")
  }

  private func offer(_ form: Declaration) -> String {
    switch form.completion {
    case .none: "none"
    case .files(let endings): "files " + endings.joined(separator: " ")
    case .folders: "folders"
    case .choices(let choices): "choices " + choices.joined(separator: " ")
    case .models: "models"
    }
  }
}
