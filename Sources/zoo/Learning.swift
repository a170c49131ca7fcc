import Glibc
import ModelZoo
import ZooArguments

/// Shared by the verbs that train.
package enum Learning {
  static let data = Option<String>(
    "--data", value: "DIR", help: "data set, in one of the layouts of Documentation/data.md",
    completion: .folders)
  static let output = Option<String>(
    "-o", "--output", value: "RUN", help: "folder to write the run to", completion: .folders)

  /// The model that a run starts from, with random or trained weights.
  static func beginning(_ name: String, _ options: Finetuning, in zoo: Zoo) throws -> Model {
    guard options.scratch else { return try zoo.beginning(name, backbone: options.backbone) }
    if let backbone = options.backbone {
      throw ZooError.usage("“backbone” (\(backbone)) and “scratch” exclude each other")
    }
    return try zoo.untrained(name)
  }

  /// Trains and reports the result.
  static func run(
    _ model: Model, data path: String, judges: String?, _ options: Finetuning, in folder: String,
    resuming: Bool, _ input: Parsed
  ) throws {
    let data = try Dataset.open(path)
    try input.remark("\(data)")
    for warning in data.warnings { try input.remark("skipped: \(warning)") }
    var run = try FinetuningRun(
      of: model, on: data, options, judgedOn: judges.map { try Dataset.open($0) },
      engine: input[Common.engine])
    for broken in run.broken { try input.remark("skipped: \(broken.reason)") }
    try input.remark(run.description)
    run.trainer.about =
      Recipe(
        model: model.name.hasSuffix(".h5") ? absolute(model.name) : model.name,
        data: absolute(path), judges: judges.map(absolute), options: run.options
      ).json
    let progress = Progress(model.name, unit: .items("images"), quiet: try input[Common.quiet])
    run.trainer.progress = { step in
      let perEpoch = run.train.count * run.options.repeats
      let seen = perEpoch * step.batch / max(step.batches, 1)
      let all = run.options.steps.map { $0 * run.options.batch * run.options.accumulate }
      progress.update(
        done: (step.epoch - 1) * perEpoch + seen, of: all ?? step.epochs * perEpoch,
        note: "epoch \(step.epoch)/\(step.epochs)  loss \(decimal(step.loss, digits: 4))")
    }
    run.trainer.epochEnded = { epoch in
      let metrics = epoch.metrics.map { "\($0.name) \(decimal($0.value, digits: 4))" }
      progress.line(
        (["epoch \(epoch.number)", "loss \(decimal(epoch.loss, digits: 4))"] + metrics)
          .joined(separator: "  "))
    }
    let interruption = Interruption(signals: [SIGINT, SIGTERM])
    run.trainer.interruption = interruption
    let report = try run.train(in: folder, resuming: resuming)
    progress.finish()
    try show(report, of: run, in: folder, input)
    if let signal = report.interruption {
      throw ZooError(
        signal == SIGINT ? .interrupted : .terminated,
        "interrupted and saved after step \(report.steps); --resume goes on")
    }
  }

  private static func show(
    _ report: Trainer.Report, of run: FinetuningRun, in folder: String, _ input: Parsed
  ) throws {
    let best = report.epochs.first { $0.number == report.best?.epoch }
    if try input.wantsJSON {
      func numbers(_ values: [(name: String, value: Double)]) -> JSON {
        JSON(.object(values.map { ($0.name, JSON($0.value)) }))
      }
      return emit([
        "run": JSON(folder), "model": JSON("\(folder)/best.h5"),
        "classes": JSON(run.checkpoint.classes), "train": JSON(run.train.count),
        "validation": JSON(run.validation.count), "steps": JSON(report.steps),
        "best": report.best.map {
          [
            "epoch": JSON($0.epoch), "value": JSON($0.value),
            "metrics": numbers(best?.metrics ?? []),
          ]
        } ?? nil,
        "epochs": JSON(
          report.epochs.map { epoch -> JSON in
            [
              "epoch": JSON(epoch.number), "loss": JSON(epoch.loss),
              "metrics": numbers(epoch.metrics),
            ]
          }), "stoppedEarly": JSON(report.stoppedEarly),
        "interrupted": JSON(report.interruption != nil),
        "unchanged": JSON(report.unchanged.count), "tensors": JSON(report.tensors),
        "imagesPerSecond": JSON(report.itemsPerSecond),
      ])
    }
    if let number = report.best?.epoch {
      let metrics = (best?.metrics ?? []).map { "\($0.name) \(decimal($0.value, digits: 4))" }
      print("\(folder)/best.h5  epoch \(number)  \(metrics.joined(separator: "  "))")
    }
    print(report.comparison)
  }

  /// An absolute path, because a recipe may be used from any folder.
  private static func absolute(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
