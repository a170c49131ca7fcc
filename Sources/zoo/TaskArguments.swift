import ModelZoo
import ZooArguments

/// The options of all tasks as arguments of a verb, each name once.
struct TaskArguments: Sendable {
  fileprivate struct Entry: Sendable {
    let name: String
    let argument: any Argument
    let value: @Sendable (Parsed) throws -> TaskOption.Value?
  }

  private let own: @Sendable (any ModelTask) -> [TaskOption]
  private let entries: [Entry]

  /// - Parameter options: of a task. If several share a name, the first defines its values, all of
  ///   them explain it, and it has a default if they agree on one.
  init(_ options: @escaping @Sendable (any ModelTask) -> [TaskOption]) {
    own = options
    var merged: [TaskOption] = []
    for option in Tasks.all.flatMap(options) {
      if let place = merged.firstIndex(where: { $0.name == option.name }) {
        merged[place] = merged[place].merged(with: option)
      } else {
        merged.append(option)
      }
    }
    entries = merged.map(Entry.init)
  }

  var arguments: [any Argument] { entries.map(\.argument) }

  /// The options that were given.
  /// - Throws: the model's task does not have one of them.
  func options(_ input: Parsed, for model: Model) throws -> TaskOptions {
    let known = try own(model.checkpoint.task.definition).map(\.name)
    var options = TaskOptions()
    for entry in entries where input.isGiven(entry.argument) {
      guard known.contains(entry.name) else {
        throw ZooError.usage(
          "\(model.name) is for \(model.checkpoint.task.rawValue), which has no --\(entry.name)")
      }
      options[entry.name] = try entry.value(input)
    }
    return options
  }
}

extension TaskArguments.Entry {
  fileprivate init(_ option: TaskOption) {
    func entry<Value: ArgumentValue>(
      _ argument: Option<Value?>, _ value: @escaping @Sendable (Value) -> TaskOption.Value
    ) -> Self {
      Self(name: option.name, argument: argument) { try $0[argument].map(value) }
    }
    let (name, placeholder, help) = ("--\(option.name)", option.placeholder, option.help)
    switch option.kind {
    case .words:
      // The task checks the words, of which it may have fewer than others.
      self = entry(Option<String?>(name, value: placeholder, help: help)) { text in
        .words(text.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
      }
    case .integer(let usual, let range):
      self = entry(
        Option<Int?>(name, value: placeholder, default: .some(usual), in: range, help: help)
      ) { .integer($0) }
    case .number(let usual, let range):
      self = entry(
        Option<Double?>(name, value: placeholder, default: .some(usual), in: range, help: help)
      ) { .number($0) }
    case .word(let usual, let words):
      self = entry(
        Option<String?>(name, value: placeholder, default: .some(usual), of: words, help: help)
      ) { .word($0) }
    }
  }
}
