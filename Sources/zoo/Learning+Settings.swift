import ModelZoo
import ZooArguments

extension Setting {
  /// The command-line argument that sets it.
  var argument: any Argument {
    if isFlag { return Flag("--\(name)", help: help) }
    return isRepeatable ? option([String].self) : option(String?.self)
  }

  private func option<Result: ArgumentResult>(_: Result.Type) -> Option<Result>
  where Result.Value == String {
    let shellCompletion: ZooArguments.Completion? =
      switch completion {
      case .nothing: nil
      case .folders: .folders
      case .models: .models
      }
    return Option(
      "--\(name)", value: placeholder, default: usual.flatMap { Result.gather([$0]) },
      wanted: wanted, choices: choices, help: help, completion: shellCompletion
    ) { word in
      var options = Finetuning()
      return try take([word], into: &options)
    }
  }
}

extension Learning {
  /// A share, which is a setting, or a data set, which has a key of its own in a recipe.
  static let validation = Option<String?>(
    "--\(Setting.validation.name)", value: Setting.validation.placeholder,
    help: Setting.validation.help, completion: .folders)

  private static let settings = Setting.all.map { (setting: $0, argument: argument(for: $0)) }

  private static func argument(for setting: Setting) -> any Argument {
    switch setting.name {
    case Setting.seed.name: Common.seed
    case Setting.validation.name: validation
    default: setting.argument
    }
  }

  /// All except the seed, which every verb has.
  static let groups = Setting.Group.allCases.map { group in
    ArgumentGroup(
      group.rawValue, settings.filter { $0.setting.group == group }.map(\.argument))
  }

  /// The options given on the command line; the others stay open.
  package static func options(_ input: Parsed) throws -> Finetuning {
    var options = Finetuning()
    let isJudgedElsewhere = try judges(input) != nil
    for (setting, argument) in settings where input.isGiven(argument) {
      if isJudgedElsewhere, setting.name == Setting.validation.name { continue }
      let words = setting.isFlag ? ["true"] : input.words(of: argument)
      guard try setting.take(words, into: &options) else {
        throw ZooError.usage("--\(setting.name) wants \(setting.wanted); got \(words[0])")
      }
    }
    return options
  }

  /// The data set to validate on, if `--validation` names one.
  static func judges(_ input: Parsed) throws -> String? {
    try input[validation].flatMap { Double($0) == nil ? $0 : nil }
  }
}
