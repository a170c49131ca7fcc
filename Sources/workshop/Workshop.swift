import Glibc
import ModelZoo
import ZooArguments

/// Makes files of the repository: the training data of its checkpoints, the checkpoints in
/// `Weights/` with their records, and the page of `make demo`. It is not installed.
@main
enum Workshop {
  static func main() {
    let program = ZooArguments.Program(
      name: "workshop", version: Zoo.version, summary: "makes what comes with the zoo",
      common: [quiet], verbs: [DataVerb(), PageVerb(), PublishVerb(), TablesVerb()])
    exit(program.main(CommandLine.arguments))
  }

  static let quiet = Flag("--quiet", help: "print no progress and no remarks")
}
