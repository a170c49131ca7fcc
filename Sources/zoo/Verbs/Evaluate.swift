import ModelZoo
import ZooArguments

struct EvaluateVerb: Verb {
  let name = "evaluate"
  let summary = "measure a model on a data set"
  let discussion = """
    Classes are matched by name; a class that the model lacks is an error. If the data set has \
    several splits, the first of test, val and train is used, or the one that --split names.
    """
  let examples: KeyValuePairs = [
    "zoo evaluate run/best.h5 --data ants-and-bees": "print every metric",
    "zoo evaluate resnet50 --data photos --csv answers.csv": "also write every prediction",
  ]
  let split = Option<String?>("--split", value: "S", help: "split to use")
  let csv = Option<String?>(
    "--csv", value: "FILE", help: "write every prediction to FILE",
    completion: .files(endings: ["csv"]))
  let batch = Option("--batch", value: "N", default: 16, in: 1...65_536, help: "pictures per batch")
  let ofTask = TaskArguments { $0.judgingOptions }
  var arguments: [any Argument] {
    [Common.model, Learning.data, split, csv, batch] + ofTask.arguments
      + [Common.fit, Common.precision]
  }

  func run(_ input: Parsed) throws {
    var model = try input.zoo().model(input[Common.model])
    if let fit = try input[Common.fit] { model = try model.fitting(fit) }
    let data = try Dataset.open(input[Learning.data])
    try input.remark("\(data)")
    for warning in data.warnings { try input.remark("skipped: \(warning)") }
    let part = try input[split]
    let total = try data.tested(part).count
    let progress = Progress(model.name, unit: .items("images"), quiet: try input[Common.quiet])
    var table = try input[csv].map { _ in CommaSeparated() }
    let report = try model.evaluate(
      on: data, split: part, engine: input[Common.engine], precision: input[Common.precision],
      batch: input[batch], options: ofTask.options(input, for: model)
    ) {
      progress.update(done: $0, of: total)
    } table: {
      table?.add($0)
    }
    progress.finish()
    if let path = try input[csv], let table { try table.write(to: path) }
    if try input.wantsJSON { return emit(report.json) }
    print(report.text)
  }
}

extension Report {
  /// The metrics, the classes and the confusion matrix as tables.
  fileprivate var text: String {
    var summary = Table("metric", .right("value"))
    summary.add(count == 1 ? "picture" : "pictures", grouped(count))
    for (name, value) in metrics { summary.add(name, decimal(value, digits: 4)) }
    var parts = [summary.text()]
    if let first = perClass.first {
      var classes = Table(
        ["class", .right("count")] + first.metrics.map { .right($0.name) })
      for entry in perClass {
        classes.add(
          [entry.name, grouped(entry.count)]
            + first.metrics.map { column in
              entry.metrics.first { $0.name == column.name }.map { decimal($0.value, digits: 4) }
                ?? ""
            })
      }
      parts.append(classes.text())
    }
    if confusion.count > 1, confusion.count <= 12 {
      var matrix = Table(["truth"] + perClass.map { .right($0.name) })
      for (row, entry) in zip(confusion, perClass) { matrix.add([entry.name] + row.map(grouped)) }
      parts.append(matrix.text())
    }
    return parts.joined(separator: "\n\n")
  }
}
