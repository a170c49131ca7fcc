import Glibc
import ModelZoo
import ZooArguments

/// Makes what the clone carries: the data that its checkpoints learn from, the checkpoints in
/// `Weights/` with their records, and the page that `make demo` shows. It is not installed.
@main
enum Workshop {
  static func main() {
    let program = ZooArguments.Program(
      name: "workshop", version: Zoo.version, summary: "makes what comes with the zoo",
      common: [quiet], verbs: [DataVerb(), PageVerb(), PublishVerb(), TablesVerb()])
    exit(program.main(CommandLine.arguments))
  }

  static let quiet = Flag("--quiet", help: "no progress and no remarks")
}
