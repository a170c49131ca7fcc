/// One verb of the program. Parsing, help, usage errors and completion all derive from it.
///
/// ```swift
/// struct List: Verb {
///   let name = "list"
///   let summary = "what there is"
///   let examples: KeyValuePairs = ["zoo list 'resnet*'": "every ResNet"]
///
///   let pattern = Positional<String?>("PATTERN", help: "a name, or part of one")
///   let task = Option<String?>("--task", value: "T", help: "only models for this")
///   var arguments: [any Argument] { [pattern, task] }
///
///   func run(_ input: Parsed) throws {
///     let task = try input[task]   // String?
///   }
/// }
/// ```
public protocol Verb: Sendable {
  var name: String { get }
  /// A few words, for the list of verbs.
  var summary: String { get }
  /// Paragraphs for the verb's own help, separated by empty lines.
  var discussion: String { get }
  /// Command lines and their effects.
  var examples: KeyValuePairs<String, String> { get }
  var arguments: [any Argument] { get }
  /// More arguments, under their own headings.
  var groups: [ArgumentGroup] { get }

  func run(_ input: Parsed) throws
}

extension Verb {
  public var discussion: String { "" }
  public var examples: KeyValuePairs<String, String> { [:] }
  public var arguments: [any Argument] { [] }
  public var groups: [ArgumentGroup] { [] }
}
