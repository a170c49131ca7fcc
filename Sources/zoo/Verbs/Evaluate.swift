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
  let split = Option<String?>(
    "--split", value: "S",
    help: "split to use; val and test also name the parts that fine-tuning drew from the folder")
  let includeLearned = Flag(
    "--include-learned", help: "judge also by pictures that the model learned from")
  let classes = Option<[String]>(
    "--class", value: "OLD=NEW",
    help: "another name for a class of the data; classes that get one name are one class")
  let csv = Option<String?>(
    "--csv", value: "FILE", help: "write every prediction to FILE",
    completion: .files(endings: ["csv"]))
  let mistakes = Option<String?>(
    "--mistakes", value: "DIR",
    help: "write contact sheets of the worst mistakes to DIR, and a table of all",
    completion: .folders)
  let batch = Option("--batch", value: "N", default: 16, in: 1...65_536, help: "pictures per batch")
  let ofTask = TaskArguments { $0.judgingOptions }
  let intervals = Flag(
    "--intervals", help: "print the 95 % interval of every metric, by bootstrap")
  let groupBy = Option<String?>(
    "--group-by", value: "RULE",
    help: "draw groups instead of pictures for the intervals, by a rule as in finetune")
  let models = Positional<[String]>(
    "MODEL", help: "name of a checkpoint or variant, or path of a checkpoint file",
    completion: .models)
  var arguments: [any Argument] {
    let data: [any Argument] = [models] + Learning.dataOptions
    return data + [split, includeLearned, classes, intervals, groupBy, csv, mistakes, batch]
      + ofTask.arguments
      + [Common.fit, Common.precision]
  }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    // Each is one model, or several whose answers are combined.
    let committees = try input[models].map { name in
      let fit = try input[Common.fit]
      return try zoo.models(name).map { model in try fit.map(model.fitting) ?? model }
    }
    let models = committees.map { $0[0] }
    let data = try Learning.place(input).open().renamed(input[classes])
    try input.remark("\(data)")
    for warning in data.warnings { try input.remark("skipped: \(warning)") }
    let pictures = try JudgedPictures(
      of: data, split: input[split], for: committees.flatMap(\.self),
      includingLearned: input[includeLearned])
    let names = models.map(\.name).joined(separator: " or ")
    if let remark = pictures.remark(about: names) { try input.remark(remark) }
    // Before the work, whose result it must take.
    try input[csv].map(Publication.check)
    let bootstrap = try bootstrap(for: pictures, judging: committees.flatMap(\.self), input)
    var table = try input[csv].map { _ in CommaSeparated() }
    guard try models.count == 1 || input[mistakes] == nil else {
      throw ZooError.usage("--mistakes draws those of one model, not of \(models.count)")
    }
    var reports: [Report] = []
    for (model, committee) in zip(models, committees) {
      let progress = Progress(model.name, unit: .items("images"), quiet: try input[Common.quiet])
      var how = Examination(
        engine: try input[Common.engine], precision: try input[Common.precision],
        batch: try input[batch], options: try ofTask.options(input, for: model))
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
    let wantsIntervals = try input[intervals] || input[groupBy] != nil
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

  /// Draws the groups of the pictures, if --group-by or a model's training names them.
  private func bootstrap(
    for pictures: JudgedPictures, judging models: [Model], _ input: Parsed
  ) throws -> Bootstrap {
    let items = pictures.data.splits[0].items
    var groups: [String: String]?
    if let rule = try input[groupBy] {
      groups = try pictures.data.groups(by: rule)
      guard Set(items.map { groups?[$0.name] }).count > 1 else {
        throw ZooError.corrupt(
          "all \(items.count) pictures are of one group by “\(rule)”; intervals need several")
      }
    } else {
      let rules = models.compactMap {
        $0.checkpoint.provenance.training?.recipe["group-by"]?.string
      }
      groups = rules.lazy.compactMap { try? pictures.data.groups(by: $0) }.first {
        Set($0.values).count > 1
      }
    }
    return Bootstrap(
      seed: UInt64(try input[Common.seed]),
      groups: groups.map { groups in items.map { groups[$0.name] ?? $0.name } })
  }
}

extension Dataset {
  /// - Parameter words: each OLD=NEW.
  fileprivate func renamed(_ words: [String]) throws -> Dataset {
    guard let renames = ClassRenames(words: words) else {
      throw ZooError.usage("--class wants OLD=NEW; got \(words.joined(separator: ", "))")
    }
    return try renames(self)
  }
}

extension Report {
  /// With the choice of the pictures, if the model records which it learned from, and the intervals.
  fileprivate func json(
    with pictures: JudgedPictures, _ intervals: [String: ClosedRange<Double>]?, groups: Int?
  ) -> JSON {
    guard case .object(var members) = json.content else { return json }
    if let intervals {
      members.append(("intervals", json(of: intervals)))
      if let groups { members.append(("groups", JSON(groups))) }
    }
    if pictures.isKnown { members.append(("pictures", pictures.json)) }
    return JSON(.object(members))
  }

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
