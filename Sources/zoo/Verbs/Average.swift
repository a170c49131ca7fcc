import ModelZoo
import ZooArguments

struct AverageVerb: Verb {
  let name = "average"
  let summary = "average the weights of several checkpoints"
  let discussion = """
    The checkpoints must have the same network, classes and preprocessing: several runs from the same \
    pretrained weights, or several epochs of one run. The mean of their weights costs no more than one \
    of them, and is often more accurate than the best. With --data, the statistics of batch norms are \
    computed anew from the training pictures; otherwise they are averaged too. Compare the result with \
    'zoo evaluate'.
    """
  let examples: KeyValuePairs = [
    "zoo average a/best.h5 b/best.h5 c/best.h5 --data ants-and-bees -o mean.h5":
      "the mean of three runs"
  ]
  let models = Positional<[String]>(
    "MODEL", help: "two or more checkpoints", completion: .models)
  let data = Option<String?>(
    "--data", value: "DIR", help: "data to compute the statistics of batch norms from",
    completion: .folders)
  let batch = Option("--batch", value: "N", default: 32, in: 2...65_536, help: "pictures per batch")
  let output = Option<String>(
    "-o", "--output", value: "OUT.h5", help: "file to write", completion: .files(endings: ["h5"]))
  var arguments: [any Argument] { [models, output, data, batch] }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let models = try input[models].map(zoo.model)
    let data = try input[data].map(Dataset.open)
    let mean = try Model.averaged(
      models, data: data, engine: input[Common.engine], batch: input[batch])
    let path = try input[output]
    try mean.save(to: path)
    let isComputed = data != nil && mean.hasStatistics
    if try input.wantsJSON {
      return emit([
        "path": JSON(path), "models": JSON(models.map(\.name)),
        "statisticsComputed": JSON(isComputed),
      ])
    }
    print("\(path.printable)  the mean of \(models.count) checkpoints of \(mean.variant.name)")
    if mean.hasStatistics, !isComputed {
      try input.remark(
        "the statistics of its batch norms are averages too; --data computes them from pictures")
    }
  }
}
