import Glibc
import ModelZoo
import ZooArguments

extension EngineChoice: ArgumentValue {}
extension Precision: ArgumentValue {}
extension Fit: ArgumentValue {}
extension ExportFormat: ArgumentValue {}

/// Options of every verb.
enum Common {
  static let json = Flag("--json", help: "print the result as JSON and nothing else")
  static let engine = Option(
    "--engine", value: "E", default: EngineChoice.auto, help: "engine to compute with")
  static let threads = Option<Int?>(
    "--threads", value: "N", in: 1...1024, help: "threads to use; by default one per processor")
  static let seed = Option<Int>(
    "--\(Setting.seed.name)", value: Setting.seed.placeholder, default: Finetuning().seed,
    in: 0...Int.max, help: Setting.seed.help)
  static let quiet = Flag("--quiet", help: "print no progress and no remarks")
  static let offline = Flag("--offline", help: "never open a network connection")
  static let plugins = Option<[String]>(
    "--plugin", value: "PATH",
    help: "load families from a library; its code runs inside this program",
    completion: .files(endings: ["so"]))

  /// Arguments that several verbs share.
  static let model = Positional<String>(
    "MODEL", help: "name of a checkpoint or variant, or path of a checkpoint file",
    completion: .models)
  static let fit = Option<Fit?>(
    "--\(Setting.fit.name)", value: Setting.fit.placeholder, help: Setting.fit.help)
  static let precision = Option(
    "--precision", value: "P", default: Precision.fp32, help: "number format to compute in")
}

extension Parsed {
  /// The zoo, after applying the options that affect all of it.
  func zoo() throws -> Zoo {
    if let threads = try self[Common.threads] { Threads.count = threads }
    var registry = try Registry.linked()
    // A broken plugin is an error only if it was named on the command line.
    for problem in registry.load(searchPath: Command.pluginPath) {
      try remark("zoo: skipped in $ZOO_PLUGIN_PATH: \(problem.message)")
    }
    for path in try self[Common.plugins] { try registry.load(plugin: path) }
    return try Zoo(registry: registry)
  }

  var wantsJSON: Bool { get throws { try self[Common.json] } }

  /// Prints a remark on standard error, unless `--quiet`.
  func remark(_ text: String) throws {
    if try !self[Common.quiet] { writeError(text.line) }
  }
}

extension Command {
  static var pluginPath: String { getenv("ZOO_PLUGIN_PATH").map { String(path: $0) } ?? "" }
}

/// Prints a JSON result.
func emit(_ json: JSON) { print(json.text(pretty: true)) }
