import Glibc
import ModelZoo
import ZooArguments

extension Finetuning.HeadKind: ArgumentValue {}
extension Finetuning.Weighting: ArgumentValue {}
extension Finetuning.MixingKind: ArgumentValue {}
extension Finetuning.NormKind: ArgumentValue {}
extension OptimizerKind: ArgumentValue {}
extension ScheduleKind: ArgumentValue {}
extension LossKind: ArgumentValue {}
extension Descent.Options.Decayed: ArgumentValue {}

/// Numbers with commas between them.
struct Numbers: ArgumentValue {
  var values: [Double]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    values = parts.compactMap { Double($0) }
    guard values.count == parts.count, values.allSatisfy(\.isFinite) else { return nil }
  }

  var argument: String { values.map { "\($0)" }.joined(separator: ",") }
  static var wanted: String { "numbers with commas between them" }
  static var placeholder: String { "N,…" }
}

/// What the verbs that train have in common.
enum Learning {
  static let data = Option<String>(
    "--data", value: "DIR", help: "pictures in one of the usual kinds of folder",
    completion: .folders)
  static let output = Option<String>(
    "-o", "--output", value: "RUN", help: "the folder of the run", completion: .folders)
  static let validation = Option<String?>(
    "--validation", value: "SHARE|DIR",
    help: "what judges the epochs: a share of the pictures, or others; the data's own by default",
    completion: .folders)

  private static let usual = Finetuning()
  static let epochs = Option(
    "--epochs", value: "N", default: usual.epochs, in: 1...1_000_000, help: "how often it sees all")
  static let steps = Option<Int?>(
    "--steps", value: "N", in: 1...1_000_000_000, help: "end after N steps instead of epochs")
  static let dropLast = Flag(
    "--drop-last", help: "leave out an epoch's last batch where it is smaller")
  static let batch = Option(
    "--batch", value: "N", default: usual.batch, in: 1...65_536, help: "pictures of a step")
  static let repeats = Option(
    "--repeat", value: "N", default: usual.repeats, in: 1...1_000_000,
    help: "how often an epoch has each picture")
  static let window = Option<Int?>(
    "--window", value: "SIDE", in: 1...8192, help: "what a segmenter learns from, in pixels")
  static let size = Option<Int?>(
    "--size", value: "SIDE", in: 1...8192,
    help: "what a classifier or a detector sees, in pixels; the model's own if absent")
  static let backbone = Option<String?>(
    "--backbone", value: "MODEL",
    help: "whose features a network begins with that stands on another family's",
    completion: .models)
  static let rate = Option<Double?>(
    "--lr", value: "R", in: 1e-12...1e6, help: "the highest learning rate; by optimiser if absent")
  static let seed = Common.seed
  static let validateEvery = Option(
    "--validate-every", value: "N", default: usual.validateEvery, in: 1...1_000_000,
    help: "judge each N epochs, and the last")
  static let patience = Option<Int?>(
    "--patience", value: "N", in: 1...1_000_000, help: "end after N epochs without progress")
  static let saveEvery = Option<Int?>(
    "--save-every", value: "N", in: 1...1_000_000_000, help: "save after N steps, not only epochs")

  static let head = Option<Finetuning.HeadKind?>(
    "--head", value: "H", help: "the network's own, or a smaller one; its own by default")
  static let freeze = Option<[String]>(
    "--freeze", value: "STAGE", help: "none, backbone, or a stage; STAGE@N until epoch N")
  static let unfreezeAt = Option<Int?>(
    "--unfreeze-at", value: "N", in: 1...1_000_000, help: "everything learns from epoch N on")
  static let norm = Option(
    "--norm", value: "N", default: usual.norm, help: "what norms with statistics do")

  static let optimizer = Option(
    "--optimizer", value: "O", default: usual.optimizer, help: "how gradients become steps")
  static let momentum = Option<Double?>(
    "--momentum", value: "M", in: 0...0.9999, help: "of sgd and rmsprop")
  static let weightDecay = Option<Double?>(
    "--weight-decay", value: "W", in: 0...10, help: "0.01 for adamw, else 0.0001")
  static let decayed = Option(
    "--decay-on", value: "D", default: usual.decayed, help: "what the decay wears down")
  static let schedule = Option(
    "--schedule", value: "S", default: usual.schedule, help: "how the rate goes")
  static let warmup = Option(
    "--warmup", value: "E", default: usual.warmup, in: 0...1_000_000,
    help: "epochs in which the rate grows")
  static let warmupSteps = Option<Int?>(
    "--warmup-steps", value: "N", in: 0...1_000_000_000, help: "the same in steps")
  static let layerDecay = Option(
    "--layer-decay", value: "F", default: usual.layerDecay, in: 1e-6...1,
    help: "each stage learns at F times the rate of the next")
  static let clip = Option<Double?>(
    "--clip", value: "N", in: 1e-9...1e9, help: "shorten longer gradients")
  static let average = Option<Double?>(
    "--average", value: "F", in: 0...0.99999, help: "keep a moving average of the weights")
  static let accumulate = Option(
    "--accumulate", value: "N", default: usual.accumulate, in: 1...65_536,
    help: "batches whose gradients make a step")

  static let loss = Option<LossKind?>("--loss", value: "L", help: "by task if absent")
  static let labelSmoothing = Option(
    "--label-smoothing", value: "E", default: usual.labelSmoothing, in: 0...0.999,
    help: "how much of a label is doubt")
  static let classWeights = Option(
    "--class-weights", value: "W", default: usual.classWeights, help: "make rare classes count")
  static let augment = Option<String?>(
    "--augment", value: "A",
    help: "vary the pictures: none (for a frozen backbone), flip, light (else), standard, or steps "
      + "as pad-and-crop:4+flip (Documentation/data.md)")
  static let mean = Option<Numbers?>(
    "--mean", value: "M,…", help: "of each channel, of 0 to 1; with --scratch")
  static let std = Option<Numbers?>(
    "--std", value: "S,…", help: "deviation of each channel; with --scratch")
  static let binary = Flag(
    "--binary", help: "masks of a background and one class: one channel with a sigmoid")
  static let fit = Common.fit
  static let mix = Option("--mix", value: "M", default: usual.mix, help: "join pictures in pairs")

  static let groups = [
    ArgumentGroup(
      "The run",
      [epochs, steps, batch, dropLast, repeats, rate, validateEvery, patience, saveEvery]),
    ArgumentGroup("What learns", [backbone, head, freeze, unfreezeAt, norm]),
    ArgumentGroup(
      "How it learns",
      [
        optimizer, momentum, weightDecay, decayed, schedule, warmup, warmupSteps, layerDecay, clip,
        average, accumulate,
      ]),
    ArgumentGroup(
      "Pictures and losses",
      [augment, mean, std, size, window, fit, mix, binary, loss, labelSmoothing, classWeights]),
  ]

  /// Where a run begins: with random numbers, or with what was learned before.
  static func beginning(_ name: String, _ options: Finetuning, in zoo: Zoo) throws -> Model {
    guard options.scratch else { return try zoo.beginning(name, backbone: options.backbone) }
    if let backbone = options.backbone {
      throw ZooError.usage("a run that begins with random numbers (scratch) takes no “\(backbone)”")
    }
    return try zoo.untrained(name)
  }

  /// What the command line says; the rest stays open.
  static func options(_ input: Parsed) throws -> Finetuning {
    var options = Finetuning()
    options.epochs = try input[epochs]
    options.steps = try input[steps]
    options.dropLast = try input[dropLast]
    options.validateEvery = try input[validateEvery]
    options.binary = try input[binary] ? true : nil
    options.batch = try input[batch]
    options.rate = try input[rate]
    options.repeats = try input[repeats]
    options.window = try input[window]
    options.size = try input[size]
    options.backbone = try input[backbone]
    options.seed = try input[seed]
    options.patience = try input[patience]
    options.saveEvery = try input[saveEvery]
    options.head = try input[head]
    let stages = try input[freeze]
    options.freeze = stages.isEmpty ? nil : stages
    options.unfreezeAt = try input[unfreezeAt]
    options.norm = try input[norm]
    options.optimizer = try input[optimizer]
    options.momentum = try input[momentum]
    options.weightDecay = try input[weightDecay]
    options.decayed = try input[decayed]
    options.schedule = try input[schedule]
    options.warmup = try input[warmup]
    options.warmupSteps = try input[warmupSteps]
    options.layerDecay = try input[layerDecay]
    options.clip = try input[clip]
    options.average = try input[average]
    options.accumulate = try input[accumulate]
    options.loss = try input[loss]
    options.labelSmoothing = try input[labelSmoothing]
    options.classWeights = try input[classWeights]
    options.augment = try input[augment].map { try AugmentationScript($0) }
    options.mean = try input[mean]?.values
    options.std = try input[std]?.values
    options.mix = try input[mix]
    options.fit = try input[fit]
    if let share = try input[validation].flatMap(Double.init) {
      guard share > 0, share < 1 else {
        throw ZooError.usage("--validation \(share): a share is between 0 and 1")
      }
      options.validation = share
    }
    return options
  }

  /// The data set that judges, where `--validation` names one.
  static func judges(_ input: Parsed) throws -> String? {
    try input[validation].flatMap { Double($0) == nil ? $0 : nil }
  }

  /// Trains, and says how it went.
  static func run(
    _ model: Model, data path: String, judges: String?, _ options: Finetuning, in folder: String,
    resuming: Bool, _ input: Parsed
  ) throws {
    let data = try Dataset.open(path)
    try input.remark("\(data)")
    for warning in data.warnings { try input.remark("left out: \(warning)") }
    var run = try FinetuningRun(
      of: model, on: data, options, judgedOn: judges.map { try Dataset.open($0) },
      engine: input[Common.engine])
    for broken in run.broken { try input.remark("left out: \(broken.reason)") }
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

  /// A recipe is read from anywhere.
  private static func absolute(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
