import Synchronization
import ZooArguments
import ZooKit
import ZooStore

/// A program like the real one, small enough to read.
enum Engine: String, CaseIterable, ArgumentValue { case openblas, onednn, auto }

enum Common {
  static let json = Flag("--json", help: "print JSON on standard output and nothing else there")
  static let engine = Option(
    "--engine", value: "E", default: Engine.auto, help: "what computes")
  static let plugin = Option<[String]>(
    "--plugin", value: "PATH", help: "a dynamic plugin", completion: .files(endings: ["so"]))
  static let quiet = Flag("-q", "--quiet", help: "no progress and no warnings")
}

struct ListVerb: Verb {
  let name = "list"
  let summary = "what there is"
  let discussion = """
    Every checkpoint of the catalogue with its task, its parameters and its licence. A pattern is a
    name or a part of one; * stands for anything.

    A second paragraph.
    """
  let examples: KeyValuePairs = ["zoo list 'resnet*'": "every ResNet"]

  let pattern = Positional<String?>(
    "PATTERN", help: "a name, or a part of one", completion: .models)
  let task = Option<String?>(
    "--task", value: "T", of: ["classification", "segmentation", "detection"],
    help: "only models for this task")
  let top = Option("-k", "--top", default: 5, in: 1...1000, help: "so many")
  let rate = Option<Double?>("--rate", in: -1...1, help: "a rate")
  let seed = Option<UInt64?>("--seed", help: "where random numbers start")
  let secret = Flag("--secret", help: "not shown", isHidden: true)
  var arguments: [any Argument] { [pattern, task, top, rate, seed, secret] }

  func run(_ input: Parsed) throws {}
}

struct PredictVerb: Verb {
  let name = "predict"
  let summary = "classes, boxes or a mask for pictures"
  let model = Positional<String>("MODEL", help: "a model", completion: .models)
  let images = Positional<[String]>(
    "IMAGE", help: "pictures", completion: .files(endings: ["jpg", "png"]))
  let draw = Option<String?>(
    "--draw", value: "DIR", help: "draws onto copies", completion: .folders)
  let keep = Option<[String]>("--keep", value: "NODE", help: "a named intermediate")
  let input = Option("--input", default: [3, 224, 224] as Shape, help: "the picture's size")
  var arguments: [any Argument] { [model, images] }
  var groups: [ArgumentGroup] { [ArgumentGroup("Results", [draw, keep, input])] }
  func run(_ input: Parsed) throws {}
}

struct ExportVerb: Verb {
  let name = "export"
  let summary = "our store to what other tools load"
  let model = Positional<String>("MODEL", help: "a model", completion: .models)
  let output = Option<String>(
    "-o", "--output", value: "OUT", help: "the file to write", completion: .files())
  var arguments: [any Argument] { [model, output] }
  func run(_ input: Parsed) throws {}
}

struct VerifyVerb: Verb {
  let name = "verify"
  let summary = "digests and the golden forward pass"
  let models = Positional<[String]>("MODEL", atLeast: 0, help: "all where none is named")
  var arguments: [any Argument] { [models] }
  func run(_ input: Parsed) throws {}
}

struct FailVerb: Verb {
  let name = "fail"
  let summary = "fails"
  let kind = Option<Int?>("--kind", help: "which status")
  var arguments: [any Argument] { [kind] }
  func run(_ input: Parsed) throws {
    struct Other: Error {}
    guard
      let kind = try input[kind].flatMap({ ZooError.Kind(rawValue: Int32(truncatingIfNeeded: $0)) })
    else { throw Other() }
    throw ZooError(kind, "told to\nfail")
  }
}

let sample = Program(
  name: "zoo", version: "0.1.0", summary: "a model zoo for computer vision",
  discussion: "Looks at pictures.",
  common: [Common.json, Common.engine, Common.plugin, Common.quiet],
  verbs: [ListVerb(), PredictVerb(), ExportVerb(), VerifyVerb(), FailVerb()],
  environment: ["ZOO_HOME": "where weights live", "NO_COLOR": "neither bold nor colour"],
  models: { ["resnet18", "resnet34", "vgg16", "vgg16.imagenet1k-v1"] })

func words(_ line: String) -> [String] {
  line.split(separator: " ").map { $0 == "''" ? "" : String($0) }
}

/// What a command line is parsed to; throws what the person would see.
func parse(_ line: String) throws -> Parsed {
  guard case .run(_, let input) = try sample.request(words(line)) else {
    throw ZooError.failure("\(line) does not run a verb")
  }
  return input
}

func message(_ line: String) -> String {
  do {
    _ = try sample.request(words(line))
    return "fine"
  } catch let error as ZooError {
    return error.kind == .usage ? error.message : "\(error.kind): \(error.message)"
  } catch {
    return "another error: \(error)"
  }
}
