import ModelZoo
import ZooArguments

struct ReportVerb: Verb {
  let name = "report"
  let summary = "write a page about a model: figures, curves, mistakes"
  let discussion = """
    The page is one HTML file without scripts, which needs no network: the curves of the run, every \
    metric with its 95 % interval, confusion, thresholds, calibration, the worst mistakes with what the \
    model looked at, and how the model was made. It can be read on a phone and printed. The same input \
    gives the same file.

    RUN is the folder that 'zoo finetune' wrote; its best epoch is judged, without --data on the data \
    that it learned from. As in 'zoo evaluate', pictures that the model learned from are left out.
    """
  let examples: KeyValuePairs = [
    "zoo report run -o report.html": "judge a run on the pictures that it held out",
    "zoo report resnet50 --data photos -o report.html": "judge any model",
  ]
  let model = Positional<String>(
    "MODEL", help: "the folder of a run, or a model's name or checkpoint file", completion: .models)
  let output = Option<String>(
    "-o", "--output", value: "FILE", help: "the page", completion: .files(endings: ["html"]))
  var arguments: [any Argument] {
    let first: [any Argument] = [model] + Learning.dataOptions + [output]
    let judging: [any Argument] = [
      Judging.split, Judging.includeLearned, Judging.classes, Judging.groupBy, Judging.batch,
    ]
    return first + judging + Judging.ofTask.arguments + [Common.fit, Common.precision]
  }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let name = try input[model]
    let run = TrainedRun.isFolder(name) ? try TrainedRun(name) : nil
    var model = try zoo.model(run?.best ?? name)
    if let fit = try input[Common.fit] { model = try model.fitting(fit) }
    let path = try input[output]
    // Before the work, whose result it must take.
    try Publication.check(path)
    let place = try Learning.place(input, usually: run?.data)
    let pictures = try Judging.pictures(
      of: place.open(), for: [model], named: model.name, input)
    let how = try Judging.examination(input, for: model)
    let bootstrap = try Judging.bootstrap(for: pictures, judging: [model], input)
    let progress = Progress(model.name, unit: .items("images"), quiet: try input[Common.quiet])
    let report = try model.report(by: pictures, how, run: run, bootstrap: bootstrap) {
      progress.update(done: $0, of: pictures.count)
    }
    progress.finish()
    try report.write(to: path)
    let bytes = try RandomAccessFile(path).size
    if try input.wantsJSON {
      let figures = report.figures.json(
        with: pictures, report.intervals, groups: bootstrap.groupCount)
      guard case .object(let members) = figures.content else { return emit(figures) }
      return emit(
        JSON(.object([("report", JSON(path)), ("bytes", JSON(bytes))] + members)))
    }
    let metric = try model.checkpoint.task.definition.metric
    let value = report.figures[metric].map {
      "  \(metric) \(decimal($0, digits: 4))\(report.intervals[metric]?.text ?? "")"
    }
    print(
      "\(path.printable)  \(decimal(Double(bytes) / 1e6, digits: 1)) MB  \(grouped(pictures.count)) "
        + "\(pictures.count == 1 ? "picture" : "pictures")\(value ?? "")")
  }
}
