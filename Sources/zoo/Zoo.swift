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
      discussion: """
        Lists, runs, fits and compares networks that classify pictures, outline things in them, or \
        find them. A MODEL is a checkpoint's name, a variant's name, which means its default \
        checkpoint, or the path of a checkpoint file.

        Results go to standard output, progress and remarks to standard error. Nothing but 'zoo \
        pull' opens a connection.
        """,
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
      environment: [
        "ZOO_HOME": "where pulled weights live, instead of $XDG_CACHE_HOME/zoo or ~/.cache/zoo",
        "ZOO_SHARE": "where the weights that come with zoo lie, if not beside the program",
        "ZOO_CATALOG": "another catalogue than the built-in one",
        "ZOO_PLUGIN_PATH": "libraries with more families, and folders of them, parted by colons",
        "ZOO_ONEDNN_LIBRARY": "the oneDNN to load, if not the system's",
        "OPENBLAS_CORETYPE": "the processor whose kernels OpenBLAS is to run",
        "NO_COLOR": "any value: neither bold nor colour",
        "TMPDIR": "where passing files go, instead of /tmp",
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
