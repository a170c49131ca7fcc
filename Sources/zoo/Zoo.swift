import Glibc
import ModelZoo
import ZooArguments

@main
package enum Command {
  package static func main() { exit(program.main(CommandLine.arguments)) }

  /// The whole command line as a value, for a test to look for mistakes in its description.
  package static var program: ZooArguments.Program {
    ZooArguments.Program(
      name: "zoo", version: Zoo.version, summary: "a model zoo for computer vision",
      common: [
        Common.json, Common.engine, Common.threads, Common.seed, Common.quiet, Common.offline,
        Common.plugins,
      ],
      verbs: [
        ListVerb(), InfoVerb(), SummaryVerb(), PullVerb(), VerifyVerb(), CacheVerb(), ImportVerb(),
        ExportVerb(), DiffVerb(), RunVerb(), PredictVerb(), FeaturesVerb(), FinetuneVerb(),
        TrainVerb(), TuneVerb(), EvaluateVerb(), BenchVerb(), NewVerb(),
        PluginsVerb(), DoctorVerb(),
      ],
      models: {
        var registry = try Registry.linked()
        _ = registry.load(searchPath: pluginPath)
        return try Zoo(registry: registry).names
      })
  }
}

extension Zoo {
  /// Everything that `MODEL` may be, but for paths.
  var names: [String] { catalog.records.map(\.name) + registry.allVariants.map(\.name) }
}
