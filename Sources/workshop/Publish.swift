import Glibc
import ModelZoo
import ZooArguments
import ZooKit

struct PublishVerb: Verb {
  let name = "publish"
  let summary = "turn a run's best epoch into a checkpoint of Weights/"
  let discussion = """
    Converts the weights to half precision and evaluates them on the test split. The file gets that \
    metric, the curve of the run and a golden pass. The output is the record for Catalog.json.
    """
  let folder = Positional<String>("RUN", help: "the folder of the run", completion: .folders)
  let checkpoint = Option<String>("--as", value: "NAME", help: "the checkpoint's name")
  let data = Option<String>(
    "--data", value: "DIR", help: "the data whose test split is evaluated", completion: .folders)
  let called = Option<String>("--called", value: "SET", help: "the name of that data")
  let commit = Option<String>(
    "--commit", value: "C", help: "the commit of the program that trained it")
  let date = Option<String>(
    "--date", value: "DAY", help: "the date of the measurement, as 2026-11-20")
  let output = Option(
    "-o", "--output", value: "DIR", default: "Weights", help: "the folder of the checkpoints",
    completion: .folders)
  var arguments: [any Argument] { [folder, checkpoint, data, called, commit, date, output] }

  func run(_ input: Parsed) throws {
    let (folder, name) = (try input[folder], try input[checkpoint])
    let best = try Zoo().model("\(folder)/best.h5")
    var weights = Weights()
    for (name, tensor) in best.weights {
      weights[name] = try Tensor(tensor.shape) { half in
        for (index, value) in tensor.values.enumerated() {
          half.initializeElement(at: index, to: Float(Float16(value)))
        }
      }
    }
    let model = Model(
      name: name, checkpoint: best.checkpoint, variant: best.variant, graph: best.graph,
      weights: weights)
    let report = try model.evaluate(on: Dataset.open(input[data]), split: "test")
    var record = best.checkpoint
    record.license = "Apache-2.0"
    record.provenance.name = name
    record.provenance.training?.commit = try input[commit]
    record.provenance.training?.curve = try curve(of: folder)
    // Known sets with a test split of their own; the digests would be as large as the weights.
    record.provenance.training?.parts = []
    let (set, date) = (try input[called], try input[date])
    record.metrics = try record.task.definition.published.compactMap { name, own in
      report[own].map {
        Metric(
          name: name, value: percent($0), dataset: "\(set) test", source: "measured", date: date)
      }
    }
    let path = "\(try input[output])/\(name).h5"
    try WeightStore.write(
      to: path, meta: record.json, weights: weights.map { ($0.name, $0.tensor) },
      storage: .float16, golden: Golden(of: best.graph, weights), arrays: record.arrays)
    let description: JSON = [
      "file": JSON("\(name).h5"), "sha256": JSON(try digest(of: path)),
      "metrics": JSON(record.metrics.map(\.json)),
    ]
    print(description.text(pretty: true))
  }

  /// With the same number of digits as `zoo evaluate` prints.
  private func percent(_ share: Double) -> Double { (share * 10_000).rounded() / 100 }

  /// The columns of a run's log; epochs without validation have no metric.
  private func curve(of folder: String) throws -> JSON {
    let log = try RunLog.table(of: folder)
    return JSON(
      .object(
        log.columns.enumerated().map { column, name in
          (name, JSON(log.rows.map { $0[column].isNaN ? nil : JSON($0[column]) }))
        }))
  }

  private func digest(of path: String) throws -> String {
    let file = try RandomAccessFile(path)
    var sha256 = SHA256()
    sha256.update(try file.read(at: 0, count: file.size))
    return sha256.hexadecimal
  }
}
