import ZooData
import ZooEngine
import ZooKit
import ZooMetrics
import ZooStore
import ZooTraining

/// A fine-tuning run: the network with its new head, the training and validation data, and a
/// trainer for them.
///
/// ```swift
/// var run = try FinetuningRun(of: zoo.model("resnet18"), on: Dataset.open("ants-and-bees"))
/// run.trainer.progress = { print($0.epoch, $0.loss) }
/// let report = try run.train(in: "run")
/// let tuned = try zoo.model("run/best.h5")
/// ```
public struct FinetuningRun {
  /// The options, with all defaults filled in.
  public let options: Finetuning
  /// The record of the resulting checkpoint, without its metrics.
  public let checkpoint: Checkpoint
  public let train: Split
  /// The pictures that every epoch is judged by.
  public let validation: Split
  /// The pictures that only the finished model is judged by, if some are kept for that.
  public let test: Split?
  /// What the user should know about the data, such as pictures that are in two parts.
  public let remarks: [String]
  /// Skipped pictures that cannot be read.
  public let broken: [Broken]
  /// Randomly initialised tensors.
  public let new: [String]
  public var trainer: Trainer
  let parts: RunParts
  package let start: Model
  let engine: EngineChoice

  /// - Parameters:
  ///   - model: the initial model.
  ///   - data: the training data.
  ///   - options: the options.
  ///   - judges: validation pictures that are not part of the data.
  ///   - engine: the engine.
  public init(
    of model: Model, on data: Dataset, _ options: Finetuning = .init(),
    judgedOn judges: Dataset? = nil,
    engine: EngineChoice = .auto
  ) throws {
    try options.check()
    var data = try options.renames?(data) ?? data
    let judges = try judges.map { try options.renames?($0, isPartial: true) ?? $0 }
    let model = try (options.fit.map(model.fitting) ?? model).learning(data)
    let task = try model.checkpoint.task.definition
    var options = try options.settled(for: model)
    try options.check(for: model)
    data = try task.numbered(data, for: model, &options)
    guard !data.classes.isEmpty else {
      throw ZooError.corrupt("\(data.path) has no classes to learn")
    }
    let parts = try RunParts(of: data, options, judges)
    if !parts.choosesEpoch { options.validateEvery = FinetuningRun.onlyTheLast }
    (train, validation, test) = (parts.train.split, parts.validation.split, parts.test?.split)
    broken = parts.broken
    try task.check(data, train: train, validation: validation)
    if let test { try task.check(data, train: train, validation: test) }
    options = try options.settled(for: model, pictures: train.count)
    try options.check()
    let (start, new) = try FinetuningRun.start(model, task, data, train, options)
    let base = options.scratch ? nil : model.checkpoint.provenance.training
    remarks = parts.remarks + (parts.known(to: base, model.name).map { [$0] } ?? [])
    var checkpoint = start.checkpoint
    (checkpoint.metrics, checkpoint.random, checkpoint.threshold) = ([], [], nil)
    // They were fitted to other weights.
    (checkpoint.confidence, checkpoint.novelty) = (nil, nil)
    checkpoint.provenance = .init(
      training: .init(
        base: options.scratch ? nil : model.checkpoint.provenance.name ?? model.name,
        data: data.name, fingerprint: try train.fingerprint(classes: data.classes),
        pictures: train.count, recipe: options.json, program: Zoo.version,
        parts: parts.recorded(after: base)))
    if options.scratch || model.checkpoint.provenance.name == nil { checkpoint.license = "unknown" }

    let lesson = try task.lesson(for: start, learning: train, options)
    var augmentation = try (options.augment ?? AugmentationScript(.none)).plan(
      of: task.augmentation)
    switch options.mix {
    case .none: break
    case .mixup: augmentation.mixing = .mixup(alpha: 0.2)
    case .cutmix: augmentation.mixing = .cutmix(alpha: 1)
    }
    var preprocessing = checkpoint.preprocessing
    task.fit(&preprocessing, &augmentation, to: checkpoint.input)
    let pictures = train.repeated(options.repeats)
    var settings = try options.trainerOptions(items: pictures.count)
    (settings.metric, settings.goal) = (task.metric, task.goal)
    let loader = Loader(
      pictures, classes: data.classes.count, preprocessing: preprocessing,
      augmentation: augmentation, batchSize: settings.batch, seed: UInt64(options.seed),
      cacheLimit: 1 << 29)
    let source = SampleSource(
      loader: loader, fingerprint: checkpoint.provenance.training?.fingerprint ?? "",
      named: lesson.batch)
    trainer = try Trainer(
      start.graph, start.weights, source, lesson: lesson.lesson, options: settings, engine: engine)
    self.options = options
    self.checkpoint = checkpoint
    self.new = new
    self.parts = parts
    self.start = start
    self.engine = engine
    try prepareJudging(task)
  }

  /// Trains until the end or an interruption; see `Trainer.run(in:resuming:)`.
  public func train(in folder: String, resuming: Bool = false) throws -> Trainer.Report {
    let report = try trainer.run(in: folder, resuming: resuming)
    if options.calibrate, report.interruption == nil { try calibrate("\(folder)/best.h5") }
    try writePictures(to: "\(folder)/pictures.csv")
    return report
  }

  /// The part of every picture.
  private func writePictures(to path: String) throws {
    var table = CommaSeparated()
    table.add(["image", "part"])
    let held = parts.choosesEpoch ? "val" : "test"
    for (part, split) in [("train", train), (held, validation), ("test", test)] {
      for item in split?.items ?? [] { table.add([item.name, part]) }
    }
    try table.write(to: path)
  }

  /// Calibrates the best epoch, in place.
  private func calibrate(_ path: String) throws {
    let store = try WeightStore(path)
    let best = Model(
      name: path, checkpoint: try Checkpoint(store.meta, in: path), variant: start.variant,
      graph: start.graph, weights: try LoadPlan(from: store, into: start.graph).execute())
    let task = try checkpoint.task.definition
    let exam = Exam(
      Examination(engine: engine), validation, data: parts.validation.data,
      classes: task.classes(of: checkpoint))
    try task.calibrated(best, on: exam, known: train, falseAlarms: 0.02).model.save(to: path)
  }
}

extension FinetuningRun {
  /// More epochs than a run has.
  private static let onlyTheLast = 1_000_000
}

extension FinetuningRun: CustomStringConvertible {
  /// A line that describes the run.
  public var description: String {
    let frozen = (options.freeze ?? []).filter { $0 != "none" }
    let tested = test.map { ", \($0.count) for the test" } ?? ""
    let parts = [
      "\(train.count) pictures to learn from, \(validation.count) to judge by\(tested)",
      new.count == trainer.weights.count ? "from random numbers" : "\(new.count) new tensors",
      frozen.isEmpty ? "everything learns" : "frozen: " + frozen.joined(separator: ", "),
      trainer.options.length(items: train.count * options.repeats),
      "\(options.optimizer.rawValue) at \(options.rate ?? 0)",
      "augmentation \(options.augment?.text ?? "none")",
    ]
    return parts.joined(separator: "; ")
  }
}

extension Trainer.Options {
  /// “31 epochs of 13 steps, 8 pictures each”
  fileprivate func length(items: Int) -> String {
    let length =
      steps.map { "\($0) steps" } ?? "\(epochs) epochs of \(stepsPerEpoch(items: items)) steps"
    return "\(length), \(batch * accumulation) pictures each"
  }
}

extension Checkpoint {
  /// Replaces the mean and deviation of the channels, if the run names them.
  fileprivate mutating func standardize(mean: ChannelNumbers?, std: ChannelNumbers?) throws {
    for (channels, path) in [(mean, \Preprocessing.mean), (std, \Preprocessing.std)] {
      guard let numbers = channels?.numbers else { continue }
      guard numbers.count == input.channels else {
        throw ZooError.usage(
          "mean and std need \(input.channels) numbers, one per channel; got \(numbers.count)")
      }
      preprocessing[keyPath: path] = numbers.map(Float.init)
    }
  }
}

extension FinetuningRun {
  /// The model at the start of the run.
  private static func start(
    _ model: Model, _ task: any ModelTask, _ data: Dataset, _ train: Split, _ options: Finetuning
  ) throws -> (Model, new: [String]) {
    let head: Head.Kind =
      switch options.head ?? .original {
      case .original: .original
      case .linear: .linear
      case .mlp: .mlp(hidden: 256)
      }
    var checkpoint = try task.record(
      model.checkpoint, for: model.variant.architecture, learning: train, options)
    try checkpoint.standardize(mean: options.mean, std: options.std)
    let (graph, new): (Graph, [String])
    var weights: Weights
    if options.scratch {
      graph = try model.variant.graph(
        head: head(classes: options.names(of: data).count), input: checkpoint.input,
        normEpsilon: checkpoint.normEpsilon)
      weights = try Weights(randomFor: graph, seed: UInt64(options.seed))
      new = weights.names
    } else {
      let resized = Model(
        name: model.name, checkpoint: checkpoint, variant: model.variant,
        graph: try model.graph(for: checkpoint.input), weights: model.weights)
      let fitted = try resized.fitted(
        head, classes: options.names(of: data), seed: UInt64(options.seed))
      let random = Set(checkpoint.random + fitted.new)
      (graph, weights) = (fitted.graph, fitted.weights)
      new = weights.names.filter(random.contains)
      // Another seed also changes what a partial import initialised at random.
      for parameter in graph.parameters where checkpoint.random.contains(parameter.name) {
        weights[parameter.name] = try Tensor(randomFor: parameter, seed: UInt64(options.seed))
      }
    }
    (checkpoint.classes, checkpoint.head) = (options.names(of: data), head)
    let start = Model(
      name: model.name, checkpoint: checkpoint, variant: model.variant, graph: graph,
      weights: weights)
    return (try task.prepared(start, new: new, learning: train, options), new)
  }

  private mutating func prepareJudging(_ task: any ModelTask) throws {
    let (data, start) = (parts.validation.data, start)
    var how = Examination(engine: engine)
    how.chooses = true
    let lasting = Freezing(
      trainer.options.freezing.stretches.filter { $0.until == nil },
      norms: trainer.options.freezing.norms)
    how.frozen = lasting.stretches.isEmpty ? nil : try lasting.options(start.graph, epoch: 0)
    let examiner = task.examiner(
      for: Exam(how, validation, data: data, classes: task.classes(of: checkpoint)))
    let watched = task.logged(classes: checkpoint.classes.count)
    trainer.metrics = watched
    trainer.evaluate = { weights in
      let judged = Model(
        name: start.name, checkpoint: start.checkpoint, variant: start.variant,
        graph: start.graph, weights: weights)
      let report = try examiner.examine(judged, progress: { _ in }, row: nil)
      return watched.map { ($0, report[$0] ?? 0) }
    }
    trainer.settle = try settling
    let record = checkpoint
    trainer.record = { epoch in
      var record = record
      record.metrics = (epoch?.metrics ?? []).map {
        Metric(name: $0.name, value: $0.value, dataset: data, source: "measured")
      }
      return task.judged(record, as: epoch?.metrics ?? []).json
    }
    trainer.proof = { weights in try Golden(of: start.graph, weights) }
    trainer.about = ["recipe": options.json, "program": JSON(Zoo.version)]
  }
}

extension FinetuningRun {
  /// Computes the statistics of norms for averaged weights, as those that learn with the network do.
  private var settling: ((Weights) throws -> Weights)? {
    get throws {
      guard options.swa != nil else { return nil }
      let graph = start.graph
      let frozen = try trainer.options.freezing.options(graph, epoch: trainer.options.epochs - 1)
      let moves = graph.operations.contains { operation in
        operation.layer.dependsOnMode && !frozen.frozenNorms.contains(operation.name)
          && operation.parameters.contains { $0.role == .variance }
      }
      guard moves else { return nil }
      let (start, train, data) = (start, train, parts.train.data)
      let classes = try checkpoint.task.definition.classes(of: checkpoint).count
      let (engine, batch) = (engine, trainer.options.batch)
      return { weights in
        try Model(
          name: start.name, checkpoint: start.checkpoint, variant: start.variant, graph: graph,
          weights: weights
        ).normalized(
          on: train, classes: classes, of: data, freezing: frozen, engine: engine, batch: batch
        ).weights
      }
    }
  }
}

extension Finetuning {
  /// The classes for which the network has an output.
  func names(of data: Dataset) -> [String] {
    binary == true ? Array(data.classes.dropFirst()) : data.classes
  }
}

extension Dataset {
  /// Only the folder's name, because a record should not reveal whose machine it was.
  public var name: String { path.split(separator: "/").last.map(String.init) ?? path }
}
