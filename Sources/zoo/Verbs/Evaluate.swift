import ModelZoo
import ZooArguments

struct EvaluateVerb: Verb {
  let name = "evaluate"
  let summary = "measure models on a data set"
  let discussion = """
    Classes are matched by name; a class that the model lacks is an error. If the data set has \
    several splits, the first of test, val and train is used, or the one that --split names. \
    Pictures that the model learned from are left out, wherever they lie and whatever they are \
    called; a folder without splits is thus judged by the part that fine-tuning held out.

    Several models are shown side by side, with 95 % intervals by bootstrap and a test of whether they \
    differ: McNemar's for classifiers, a paired bootstrap for others. If pictures have groups, by \
    --group-by here or in the training, whole groups are drawn.
    """
  let examples: KeyValuePairs = [
    "zoo evaluate run/best.h5 --data ants-and-bees": "print every metric",
    "zoo evaluate resnet50 --data photos --csv answers.csv": "also write every prediction",
    "zoo evaluate a/best.h5 b/best.h5 --data ants-and-bees": "is the difference one?",
  ]
  let csv = Option<String?>(
    "--csv", value: "FILE", help: "write every prediction to FILE",
    completion: .files(endings: ["csv"]))
  let mistakes = Option<String?>(
    "--mistakes", value: "DIR",
    help: "write contact sheets of the worst mistakes to DIR, and a table of all",
    completion: .folders)
  let intervals = Flag(
    "--intervals", help: "print the 95 % interval of every metric, by bootstrap")
  let models = Positional<[String]>(
    "MODEL", help: "name of a checkpoint or variant, or path of a checkpoint file",
    completion: .models)
  var arguments: [any Argument] {
    let data: [any Argument] = [models] + Learning.dataOptions
    return data + [
      Judging.split, Judging.includeLearned, Judging.classes, intervals, Judging.groupBy, csv,
      mistakes,
      Judging.batch,
    ] + Judging.ofTask.arguments + [Common.fit, Common.precision]
  }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    // Each is one model, or several whose answers are combined.
    let committees = try input[models].map { name in
      let fit = try input[Common.fit]
      return try zoo.models(name).map { model in try fit.map(model.fitting) ?? model }
    }
    let models = committees.map { $0[0] }
    let names = models.map(\.name).joined(separator: " or ")
    let pictures = try Judging.pictures(
      of: Learning.place(input).open(), for: committees.flatMap(\.self), named: names, input)
    // Before the work, whose result it must take.
    try input[csv].map(Publication.check)
    let bootstrap = try Judging.bootstrap(
      for: pictures, judging: committees.flatMap(\.self), input)
    var table = try input[csv].map { _ in CommaSeparated() }
    guard try models.count == 1 || input[mistakes] == nil else {
      throw ZooError.usage("--mistakes draws those of one model, not of \(models.count)")
    }
    var reports: [Report] = []
    for (model, committee) in zip(models, committees) {
      let progress = Progress(model.name, unit: .items("images"), quiet: try input[Common.quiet])
      var how = try Judging.examination(input, for: model)
      (how.partners, how.mistakes) = (Array(committee.dropFirst()), try input[mistakes])
      let report = try model.evaluate(by: pictures, how) {
        progress.update(done: $0, of: pictures.count)
      } table: {
        table?.add((models.count > 1 ? [model.name] : []) + $0)
      }
      progress.finish()
      reports.append(report)
    }
    if let path = try input[csv], let table { try table.write(to: path) }
    guard reports.count == 1 else {
      return try compare(
        reports, on: pictures, by: models[0].checkpoint.task.definition, bootstrap, input)
    }
    let wantsIntervals = try input[intervals] || input[Judging.groupBy] != nil
    let ranges = try wantsIntervals ? reports[0].findings.map(bootstrap.intervals) ?? [:] : nil
    if try input.wantsJSON {
      return emit(reports[0].json(with: pictures, ranges, groups: bootstrap.groupCount))
    }
    print(reports[0].text(with: ranges))
    if ranges != nil, bootstrap.groupCount != nil { print("\nintervals of \(bootstrap.words)") }
    if let files = reports[0].details.first(where: { $0.key == "mistakes" })?.value {
      let count = files["sheets"]?.list?.count ?? 0
      print("\n\(files["table"]?.string ?? "")  \(count) \(count == 1 ? "sheet" : "sheets")")
    }
  }
}

extension Report {
  /// The metrics, the classes and the confusion matrix as tables.
  fileprivate func text(with intervals: [String: ClosedRange<Double>]?) -> String {
    var summary = Table(
      ["metric", .right("value")] + (intervals == nil ? [] : [.right("95 % interval")]))
    summary.add(count == 1 ? "picture" : "pictures", grouped(count))
    for (name, value) in metrics {
      summary.add(name, decimal(value, digits: 4), intervals?[name]?.text ?? "")
    }
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
