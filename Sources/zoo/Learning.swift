import Glibc
import ModelZoo
import ZooArguments

/// Shared by the verbs that train.
package enum Learning {
  private static let data = Option<String?>(
    "--data", value: "DIR", help: "data set, in one of the layouts of Documentation/data.md",
    completion: .folders)
  private static let images = Option<String?>(
    "--images", value: "DIR", help: "instead of --data: pictures whose VOC files are elsewhere",
    completion: .folders)
  private static let annotations = Option<String?>(
    "--annotations", value: "DIR", help: "the VOC files of --images", completion: .folders)

  /// Where the data of a verb is.
  static let dataOptions: [any Argument] = [data, images, annotations]
  static let modelAndData: [any Argument] = [Common.model, data, images, annotations]
  static let output = Option<String>(
    "-o", "--output", value: "RUN", help: "folder to write the run to", completion: .folders)

  /// A data set, or pictures and the folder of their annotations.
  struct DataPlace {
    let path: String
    let annotations: String?

    func open() throws -> Dataset {
      guard let annotations else { return try Dataset.open(path) }
      return try Dataset.open(pictures: path, annotations: annotations)
    }
  }

  /// Where the data of a verb is.
  /// - Parameter usual: the data if none is named.
  static func place(_ input: Parsed, usually usual: String? = nil) throws -> DataPlace {
    let (data, images) = try (input[Self.data], input[Self.images])
    let annotations = try input[Self.annotations]
    guard (images == nil) == (annotations == nil), images == nil || data == nil else {
      throw ZooError.usage(
        "--images and --annotations name two folders that belong together, instead of --data")
    }
    guard let path = data ?? images ?? usual else { throw ZooError.usage("--data DIR is missing") }
    return DataPlace(path: path, annotations: annotations)
  }

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
    _ model: Model, data place: DataPlace, judges: String?, _ options: Finetuning,
    in folder: String, resuming: Bool, _ input: Parsed
  ) throws {
    let data = try place.open()
    try input.remark("\(data)")
    for warning in data.warnings { try input.remark("skipped: \(warning)") }
    func recipe(_ options: Finetuning) -> JSON {
      var options = options
      options.groupBy = options.groupBy.map { rule in
        Dataset.groupTable(rule).map { absolute($0.file) + ($0.column.map { ":\($0)" } ?? "") }
          ?? rule
      }
      return Recipe(
        model: model.name.hasSuffix(".h5") ? absolute(model.name) : model.name,
        data: absolute(place.path), annotations: place.annotations.map(absolute),
        judges: judges.map(absolute), options: options
      ).json
    }
    let judged = try judges.map { try Dataset.open($0) }
    let interruption = Interruption(signals: [SIGINT, SIGTERM])
    if options.folds != nil, options.fold == nil {
      var validation = try CrossValidation(of: model, on: data, judgedOn: judged, options)
      validation.engine = try input[Common.engine]
      validation.about = recipe(options)
      return try crossValidate(
        validation, in: folder, resuming: resuming, interruption, input, recipe)
    }
    var run = try FinetuningRun(
      of: model, on: data, options, judgedOn: judged, engine: input[Common.engine])
    run.trainer.about = recipe(run.options)
    let progress = try prepare(&run, interruption, input)
    let report = try run.train(in: folder, resuming: resuming)
    progress.finish()
    let tested = report.interruption == nil ? try run.test(in: folder) : nil
    try show(report, of: run, tested, in: folder, input)
    if let signal = report.interruption {
      throw ZooError(
        signal == SIGINT ? .interrupted : .terminated,
        "interrupted and saved after step \(report.steps); --resume goes on")
    }
  }

  /// Shows what the user should know, and the course of the run.
  static func prepare(
    _ run: inout FinetuningRun, _ interruption: Interruption, _ input: Parsed
  ) throws -> Progress {
    for broken in run.broken { try input.remark("skipped: \(broken.reason)") }
    for remark in run.remarks { try input.remark(remark) }
    try input.remark(run.description)
    let progress = Progress(
      run.start.name, unit: .items("images"), quiet: try input[Common.quiet])
    let (options, pictures, batch) = (run.options, run.train.count, run.trainer.options.batch)
    run.trainer.progress = { step in
      let perEpoch = pictures * options.repeats
      let seen = perEpoch * step.batch / max(step.batches, 1)
      let all = options.steps.map { $0 * batch * options.accumulate }
      progress.update(
        done: (step.epoch - 1) * perEpoch + seen, of: all ?? step.epochs * perEpoch,
        note: "epoch \(step.epoch)/\(step.epochs)  loss \(decimal(step.loss, digits: 4))")
    }
    run.trainer.epochEnded = { epoch in
      progress.line(
        (["epoch \(epoch.number)", "loss \(decimal(epoch.loss, digits: 4))"]
          + epoch.metrics.map { figure($0.name, $0.value) }).joined(separator: "  "))
    }
    run.trainer.interruption = interruption
    return progress
  }

  static func figure(_ name: String, _ value: Double) -> String {
    "\(name) \(decimal(value, digits: 4))"
  }

  private static func show(
    _ report: Trainer.Report, of run: FinetuningRun, _ tested: Report?, in folder: String,
    _ input: Parsed
  ) throws {
    let best = report.epochs.first { $0.number == report.best?.epoch }
    let confidence = try confidence(of: "\(folder)/best.h5", run.options, report)
    if try input.wantsJSON {
      return emit([
        "run": JSON(folder), "model": JSON("\(folder)/best.h5"),
        "classes": JSON(run.checkpoint.classes), "train": JSON(run.train.count),
        "validation": JSON(run.validation.count),
        "test": tested.map(json) ?? nil,
        "steps": JSON(report.steps),
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
        "confidence": confidence?.json ?? nil,
        "interrupted": JSON(report.interruption != nil),
        "unchanged": JSON(report.unchanged.count), "tensors": JSON(report.tensors),
        "imagesPerSecond": JSON(report.itemsPerSecond),
      ])
    }
    if let number = report.best?.epoch {
      let metrics = (best?.metrics ?? []).map { figure($0.name, $0.value) }
      print("\(folder.printable)/best.h5  epoch \(number)  \(metrics.joined(separator: "  "))")
    }
    if let tested { print(try line(tested)) }
    if let confidence {
      print(confidence.sentence)
    } else if run.options.calibrate, report.interruption == nil {
      print("already calibrated, as far as \(grouped(run.validation.count)) pictures can tell")
    }
    print(report.comparison)
  }

  private static func numbers(_ values: [(name: String, value: Double)]) -> JSON {
    JSON(.object(values.map { ($0.name, JSON($0.value)) }))
  }

  /// The figures of the pictures kept for testing.
  static func json(_ test: Report) -> JSON {
    ["pictures": JSON(test.count), "metrics": numbers(test.metrics)]
  }

  /// “test: 49 pictures  accuracy 0.8776”
  static func line(_ test: Report) throws -> String {
    let names = try test.task.definition.logged(classes: test.perClass.count)
    let metrics = names.compactMap { name in test[name].map { figure(name, $0) } }
    return "test: \(test.count) pictures  \(metrics.joined(separator: "  "))"
  }

  private static func confidence(
    of best: String, _ options: Finetuning, _ report: Trainer.Report
  ) throws -> Checkpoint.Confidence? {
    guard options.calibrate, report.interruption == nil else { return nil }
    return try Checkpoint(WeightStore(best).meta, in: best).confidence
  }

  /// An absolute path, because a recipe may be used from any folder.
  static func absolute(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(path: resolved)
  }
}
