import ZooKit

/// `completion bash` prints the script. The scripts call `completion --names PREFIX` while typing.
struct CompletionVerb: Verb {
  let program: Program

  let name = "completion"
  let summary = "print a shell completion script"
  let discussion = "The script completes verbs, options, their values and model names."

  let shell = Positional<Shell?>("SHELL", help: "shell to complete for")
  let names = Option<String?>("--names", value: "PREFIX", help: "model names", isHidden: true)
  var arguments: [any Argument] { [shell, names] }

  var examples: KeyValuePairs<String, String> {
    let name = program.name
    return [
      "source <(\(name) completion bash)": "in ~/.bashrc",
      "\(name) completion zsh > ~/.zfunc/_\(name)": "a folder of $fpath",
      "\(name) completion fish > ~/.config/fish/completions/\(name).fish": "read by every new fish",
    ]
  }

  func run(_ input: Parsed) throws {
    if let prefix = try input[names] {
      for name in try program.models() where name.hasPrefix(prefix) { print(name) }
      return
    }
    guard let shell = try input[shell] else {
      throw ZooError.usage(
        "\(program.name) completion wants a SHELL: \(Shell.choices.joined(separator: ", "))")
    }
    print(program.completionScript(for: shell), terminator: "")
  }
}
