import Glibc
import ModelZoo
import ZooArguments

@main
package enum Command {
  package static func main() { exit(program.main(ZooArguments.Program.words)) }

  /// The description of the command line, which tests check for mistakes.
  package static var program: ZooArguments.Program {
    ZooArguments.Program(
      name: "zoo", version: Zoo.version, summary: "a model zoo for computer vision",
      discussion: """
        Lists, runs, trains and compares networks for image classification, segmentation and object \
        detection. A MODEL is the name of a checkpoint, the name of a variant (which means its \
        default checkpoint), or the path of a checkpoint file.

        Results go to standard output, progress and remarks to standard error. Only 'zoo pull' opens \
        a network connection.
        """,
      common: [
        Common.json, Common.engine, Common.threads, Common.seed, Common.quiet, Common.offline,
        Common.plugins,
      ],
      verbs: [
        ListVerb(), InfoVerb(), SummaryVerb(), PullVerb(), VerifyVerb(), CacheVerb(), ImportVerb(),
        ExportVerb(), DiffVerb(), RunVerb(), PredictVerb(), ExplainVerb(), FiltersVerb(),
        PatchesVerb(),
        NeighboursVerb(), MapVerb(), FeaturesVerb(), FinetuneVerb(),
        TrainVerb(), TuneVerb(), EvaluateVerb(), ReportVerb(), CalibrateVerb(), AverageVerb(),
        DataVerb(),
        BenchVerb(), NewVerb(),
        PluginsVerb(), DoctorVerb(),
      ],
      environment: [
        "ZOO_HOME":
          "the cache of downloaded weights, instead of $XDG_CACHE_HOME/zoo or ~/.cache/zoo",
        "ZOO_SHARE": "folder of the weights that ship with zoo, if not next to the program",
        "ZOO_CATALOG": "catalogue to use instead of the built-in one",
        "ZOO_PLUGIN_PATH": "plugin libraries and folders of them, separated by colons",
        "ZOO_ONEDNN_LIBRARY": "oneDNN library to load instead of the system's",
        "OPENBLAS_CORETYPE": "processor type whose kernels OpenBLAS should use",
        "NO_COLOR": "if set, print neither bold nor colour",
        "TMPDIR": "folder for temporary files, instead of /tmp",
      ],
      models: {
        var registry = try Registry.linked()
        _ = registry.load(searchPath: pluginPath)
        return try Zoo(registry: registry).names
      })
  }
}

extension Zoo {
  /// Every valid `MODEL` that is not a path: first those whose weights are here.
  var names: [String] {
    let here = catalog.records.filter { installed($0) != nil }
    let ready = here.map(\.name) + here.filter(\.isDefault).map(\.variant)
    let known = Set(ready)
    let others = catalog.records.map(\.name) + registry.allVariants.map(\.name)
    return ready + others.filter { !known.contains($0) }
  }
}
