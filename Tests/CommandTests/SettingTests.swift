import Foundation
import ModelZoo
import Testing
import ZooArguments
import zoo

/// Every training option, in every place that reads the table: command line, recipe, search, help,
/// completion and documentation.
@Suite struct SettingTests {
  static let names = Setting.all.map(\.name)

  private func setting(_ name: String) throws -> Setting {
    try #require(Setting.all.first { $0.name == name })
  }

  /// The options of a command line.
  private func options(_ verb: String, _ words: String...) throws -> Finetuning {
    let line = [verb, "resnet20", "--data", "d", "-o", "o"] + words
    guard case .run(_, let input) = try Command.program.request(line) else {
      throw ZooError.failure("\(line) runs no verb")
    }
    return try Learning.options(input)
  }

  private func recipe(_ members: [(key: String, value: JSON)]) throws -> Finetuning {
    let options = try Recipe(
      JSON(.object([("model", "m"), ("data", "d")] + members)), in: "r.json"
    ).options
    try options.check()
    return options
  }

  @Test func everyNameIsThereOnce() {
    #expect(Set(Self.names).count == Self.names.count)
  }

  @Test(arguments: names) func commandLineAndRecipeSayTheSame(_ name: String) throws {
    let setting = try setting(name)
    var options = Finetuning()
    let word = setting.sample
    #expect(try setting.take([word], into: &options))
    // Only this option has changed, and a recipe records it.
    let usual = try #require(members(Finetuning().json))
    let changed = try #require(members(options.json))
    #expect(changed[name] != nil && changed[name] != usual[name])
    for (key, value) in usual where key != name && !(key == "epochs" && name == "steps") {
      #expect(changed[key] == value)
    }
    let json = try #require(options.json[name])
    #expect(try recipe(beside(name) + [(name, json)]).json[name]?.text() == json.text())
    for verb in ["finetune", "tune"] {
      let line = setting.isFlag ? ["--\(name)"] : ["--\(name)", word]
      let parsed =
        try line.count == 1
        ? self.options(verb, line[0]) : self.options(verb, line[0], line[1])
      #expect(parsed.json.text() == options.json.text(), "\(verb)")
    }
  }

  @Test(arguments: names) func refusesTheSameEverywhere(_ name: String) throws {
    let setting = try setting(name)
    guard setting.range != nil || !setting.choices.isEmpty else { return }
    func value(_ number: Double) -> (word: String, json: JSON) {
      let isWhole = setting.wanted.hasPrefix("a whole number")
      return isWhole
        ? ("\(Int(number))", JSON(Int(number)))
        : ("\(number)", setting.wanted.hasPrefix("comma") ? [JSON(number)] : JSON(number))
    }
    var wrong: [(word: String, json: JSON)] = [("nonsense", "nonsense")]
    if let range = setting.range {
      let below = range.lowerBound.rounded(.down) - 1
      wrong.append(value(below))
      if range.upperBound < .infinity { wrong.append(value(range.upperBound * 2 + 1)) }
    }
    for (word, json) in wrong where !(name == "validation" && word == "nonsense") {
      let typed = #expect(throws: ZooError.self) { try options("finetune", "--\(name)=\(word)") }
      #expect(typed?.kind == .usage)
      #expect(typed?.message.contains("--\(name) wants") == true, "\(typed?.message ?? "")")
      let written = #expect(throws: ZooError.self) { try recipe(beside(name) + [(name, json)]) }
      #expect(written?.kind == (word == "nonsense" ? .corrupt : .usage))
      #expect(written?.message.contains("“\(name)”") == true, "\(written?.message ?? "")")
      guard setting.isSearchable else { continue }
      let varied = #expect(throws: ZooError.self) { try SearchSpace(["\(name)=\(word)"]) }
      #expect(varied?.kind == .usage && varied?.message.contains(name) == true)
    }
  }

  @Test(arguments: names) func helpAndCompletionShowIt(_ name: String) throws {
    let setting = try setting(name)
    let terminal = Terminal(isTerminal: false, width: 80)
    for verb in Command.program.verbs where ["finetune", "tune"].contains(verb.name) {
      let help = Command.program.help(of: verb, for: terminal).split(whereSeparator: \.isWhitespace)
        .joined(separator: " ")
      let value = setting.isFlag ? "" : " \(setting.placeholder)"
      #expect(help.contains("--\(name)\(value) \(setting.help)"))
    }
    for shell in Shell.allCases {
      let script = Command.program.completionScript(for: shell)
      #expect(script.contains(shell == .fish ? "-l \(name)" : "--\(name)"), "\(shell)")
    }
  }

  /// No option of any verb takes a number that is not finite.
  @Test func numbersAreFinite() {
    func value(_ argument: some Argument, _ word: String) -> Any? {
      try? argument.result(of: [word])
    }
    // --validation also takes a folder; what is neither is refused later.
    let numbers = Set(Setting.all.filter { $0.range != nil }.map { "--\($0.name)" })
      .subtracting(["--validation"])
    var refused = 0
    for verb in Command.program.verbs {
      for argument in verb.arguments + verb.groups.flatMap(\.arguments)
      where argument.declaration.kind == .option {
        let name = argument.declaration.name
        for word in ["nan", "inf", "-inf", "1e999"] {
          guard let value = value(argument, word) else {
            refused += 1
            continue
          }
          let isText = value is String || value is [String]
          #expect(isText && !numbers.contains(name), "zoo \(verb.name) \(name) \(word): \(value)")
        }
      }
    }
    #expect(refused > 400)
  }

  @Test func aSearchRefusesRangesOfWholeNumbers() throws {
    let error = #expect(throws: ZooError.self) {
      try SearchSpace(["batch=1..9223372036854775807"])
    }
    #expect(error?.kind == .usage)
    #expect(error?.message.contains("“batch” cannot be drawn from a range") == true)
    #expect(error?.message.contains("a whole number from 1 to 65536") == true)
  }

  @Test func aSearchVariesWhatIsThere() throws {
    for setting in Setting.all where setting.isSearchable {
      #expect(throws: Never.self) { try SearchSpace(["\(setting.name)=\(setting.sample)"]) }
    }
    for setting in Setting.all where !setting.isSearchable {
      #expect(throws: ZooError.self) { try SearchSpace(["\(setting.name)=\(setting.sample)"]) }
    }
  }

  /// `Documentation/fine-tuning.md` shows the table.
  @Test func documentationHasTheTable() throws {
    let page = try String(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Documentation/fine-tuning.md").standardized, encoding: .utf8)
    let table = Setting.markdown
    #expect(page.contains(table), "Documentation/fine-tuning.md should have this table:\n\(table)")
  }

  /// Channel statistics need a network that starts from random weights, a fold needs its number.
  private func beside(_ name: String) -> [(key: String, value: JSON)] {
    switch name {
    case "mean", "std": [("scratch", true)]
    case "fold": [("folds", 9)]
    default: []
    }
  }

  private func members(_ json: JSON) -> [String: String]? {
    guard case .object(let members) = json.content else { return nil }
    return Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value.text()) })
  }
}

extension Setting {
  /// A value that is not the default.
  fileprivate var sample: String {
    if isFlag { return "true" }
    if let choice = choices.last(where: { $0 != usual }) { return choice }
    guard let range else { return wanted == "OLD=NEW" ? "old=new" : "flip" }
    let number = (range.lowerBound + min(range.upperBound, range.lowerBound + 2)) / 2
    return number == number.rounded() ? "\(Int(number))" : "\(number)"
  }

  /// The table of the documentation.
  fileprivate static var markdown: String {
    let lines = all.map { setting in
      let value = setting.placeholder.replacing("|", with: "\\|")
      let values =
        setting.choices.isEmpty ? setting.limits ?? "" : setting.choices.joined(separator: ", ")
      let cells = [
        setting.isFlag ? "`--\(setting.name)`" : "`--\(setting.name) \(value)`", setting.help,
        values,
        setting.usual ?? "",
      ]
      return "| " + cells.joined(separator: " | ") + " |"
    }
    return (["| Option | Meaning | Values | Default |", "|---|---|---|---|"] + lines)
      .joined(separator: "\n") + "\n"
  }
}
