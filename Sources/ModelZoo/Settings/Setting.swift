import ZooKit
import ZooStore

/// A training option. The command line, recipes, range checks, the search and the table in
/// Documentation/fine-tuning.md all read it from here.
///
/// To add one, add a property to ``Finetuning``, use it, and add a row to ``all``.
public struct Setting: Sendable {
  /// The heading under which help lists it.
  public enum Group: String, Sendable, CaseIterable {
    case run = "Run"
    case model = "Model"
    case optimization = "Optimisation"
    case data = "Data and loss"
  }

  /// How a shell completes its value.
  public enum Completion: Sendable { case nothing, folders, models }

  /// The tasks that it applies to.
  enum Scope: Sendable {
    case all
    case only([VisionTask])
    case except([VisionTask])
  }

  /// The key in a recipe and, after two dashes, the name of the command-line option.
  public let name: String
  /// Stands for the value in help; empty for a flag.
  public let placeholder: String
  /// Nil for an option that every verb has.
  public let group: Group?
  public let completion: Completion
  /// Whether a search may vary it.
  public let isSearchable: Bool
  /// The default, unless it depends on the model.
  public let usual: String?
  let scope: Scope
  package let range: ClosedRange<Double>?

  private let description: String
  private let type: any SettingValue.Type
  private let value: @Sendable (Finetuning) -> (any SettingValue)?
  private let isRecorded: @Sendable (Finetuning) -> Bool
  private let readMember: @Sendable (inout Fields, inout Finetuning) throws -> Void
  /// Returns false if the words are not a valid value.
  private let takeWords: @Sendable ([String], inout Finetuning) throws -> Bool

  private init<Value: SettingValue>(
    _: Value.Type, _ name: String, _ group: Group?, _ placeholder: String, _ help: String,
    _ range: ClosedRange<Double>?, _ scope: Scope, _ completion: Completion, _ isSearchable: Bool,
    _ isRecorded: @escaping @Sendable (Finetuning) -> Bool,
    _ value: @escaping @Sendable (Finetuning) -> Value?,
    _ assign: @escaping @Sendable (Value, inout Finetuning) -> Void
  ) {
    (self.name, self.group, self.placeholder, description) = (name, group, placeholder, help)
    (self.range, self.scope, self.completion) = (range, scope, completion)
    (self.isSearchable, self.isRecorded, self.value) = (isSearchable, isRecorded, value)
    type = Value.self
    let words = value(Finetuning())?.spelling.joined(separator: " ")
    usual = Value.self == Bool.self ? nil : words
    readMember = { fields, options in
      if let value = try fields.optional(name, Value.read) { assign(value, &options) }
    }
    takeWords = { words, options in
      guard let value = try Value(words: words), Setting.contains(value, range) else {
        return false
      }
      assign(value, &options)
      return true
    }
  }

  /// A setting with a default, which recipes omit unless `recorded` says otherwise.
  init<Value: SettingValue>(
    _ name: String, _ path: any WritableKeyPath<Finetuning, Value> & Sendable,
    in range: ClosedRange<Double>? = nil, value placeholder: String = "", _ group: Group?,
    _ help: String, for scope: Scope = .all,
    recorded: (@Sendable (Finetuning) -> Bool)? = nil
  ) {
    let usual = Finetuning()[keyPath: path]
    self.init(
      Value.self, name, group, placeholder, help, range, scope, .nothing, true,
      recorded ?? { $0[keyPath: path] != usual }, { $0[keyPath: path] },
      { $1[keyPath: path] = $0 })
  }

  /// A setting without a fixed default; see ``Finetuning/settled(for:)``.
  init<Value: SettingValue>(
    _ name: String, open path: any WritableKeyPath<Finetuning, Value?> & Sendable,
    in range: ClosedRange<Double>? = nil, value placeholder: String = "", _ group: Group,
    _ help: String, for scope: Scope = .all, completion: Completion = .nothing,
    isSearchable: Bool = true
  ) {
    self.init(
      Value.self, name, group, placeholder, help, range, scope, completion, isSearchable,
      { $0[keyPath: path] != nil }, { $0[keyPath: path] }, { $1[keyPath: path] = $0 })
  }

  private static func contains(
    _ value: any SettingValue, _ range: ClosedRange<Double>?
  ) -> Bool {
    range.map { value.numbers.allSatisfy($0.contains) } ?? true
  }
}

// MARK: For the command line and for documentation

extension Setting {
  public var isFlag: Bool { type == Bool.self }
  public var isRepeatable: Bool { type.isRepeatable }
  /// Whether a search can draw its values from a range.
  public var isNumber: Bool { type == Double.self }
  /// All accepted words, if there is a fixed list.
  public var choices: [String] { type.choices }

  public var help: String {
    switch scope {
    case .all: description
    case .only(let tasks): "\(description); \(tasks.joined(by: " and ")) only"
    case .except(let tasks): "\(description); not for \(tasks.joined(by: " or "))"
    }
  }

  /// “a number from 0 to 10”
  public var wanted: String { ([type.wanted] + (limits.map { [$0] } ?? [])).joined(separator: " ") }

  /// “from 0 to 10”
  public var limits: String? {
    range.map { range in
      let least = range.lowerBound.spelling[0]
      return range.upperBound == .infinity
        ? "of at least \(least)" : "from \(least) to \(range.upperBound.spelling[0])"
    }
  }

  /// Sets it from command-line words; only a repeatable setting takes more than one.
  /// - Returns: false, without setting anything, if the words are not a valid value.
  /// - Throws: a more specific error, if the type has one.
  public func take(_ words: [String], into options: inout Finetuning) throws -> Bool {
    try takeWords(words, &options)
  }
}

// MARK: For recipes

extension Setting {
  /// Its value in a recipe, or nil if omitted.
  func json(_ options: Finetuning) -> JSON? { isRecorded(options) ? value(options)?.json : nil }

  /// Its value as command-line words, or nil if a recipe omits it.
  func words(_ options: Finetuning) -> [String]? {
    isRecorded(options) ? value(options)?.spelling : nil
  }

  func read(_ fields: inout Fields, into options: inout Finetuning) throws {
    try readMember(&fields, &options)
  }

  /// Throws if the value is out of range.
  func check(_ options: Finetuning) throws {
    guard let value = value(options), !Setting.contains(value, range) else { return }
    let words = value.spelling.joined(separator: " ")
    throw ZooError.usage("“\(name)” is \(words); expected \(wanted)")
  }

  /// Throws if the setting is used but does not apply to the task.
  func check(_ options: Finetuning, for task: VisionTask, of model: String) throws {
    let why: String
    switch scope {
    case .only(let tasks) where !tasks.contains(task):
      why = "is for \(tasks.joined(by: " and ")) only"
    case .except(let tasks) where tasks.contains(task): why = "does not apply to \(task.rawValue)"
    case .all, .only, .except: return
    }
    guard isRecorded(options) else { return }
    throw ZooError.usage("“\(name)” \(why); \(model) is for \(task.rawValue)")
  }
}

extension [VisionTask] {
  fileprivate func joined(by word: String) -> String { map(\.rawValue).joined(separator: word) }
}
