import Glibc
import ZooData
import ZooEngine
import ZooKit
import ZooStore
import ZooTraining

/// Trains a model for each fold of the data, and judges it by the pictures of that fold, which it has
/// not seen.
///
/// ```swift
/// var options = Finetuning()
/// options.folds = 5
/// let result = try CrossValidation(of: model, on: data, options).run(in: "folds")
/// print(result.mean("accuracy"), result.deviation("accuracy"))
/// ```
/// The last epoch of each model counts, because an epoch chosen by the pictures of the fold would
/// flatter it. With ``Finetuning/validation``, a share of the other folds chooses the epoch.
///
/// The folder holds a run for each fold (`fold-1`, …) and the figures as `folds.json` and `folds.csv`.
public struct CrossValidation {
  public let model: Model
  public let data: Dataset
  public let judges: Dataset?
  public let options: Finetuning
  public let folds: Int
  public var engine: EngineChoice = .auto
  /// Called before a fold is trained.
  public var prepare: (_ run: inout FinetuningRun, _ fold: Int) throws -> Void = { _, _ in }
  /// Called after every fold.
  public var foldEnded: (Fold) -> Void = { _ in }
  /// Additional members of `folds.json`.
  public var about: JSON = JSON(.object([]))

  /// - Parameters:
  ///   - model: the initial model of every fold.
  ///   - data: the data; its training pictures are divided.
  ///   - judges: the pictures that choose the epoch, if they are not part of the data.
  ///   - options: the options, with ``Finetuning/folds``.
  public init(
    of model: Model, on data: Dataset, judgedOn judges: Dataset? = nil, _ options: Finetuning
  ) throws {
    guard let folds = options.folds, options.fold == nil else {
      throw ZooError.usage("a cross-validation needs the number of its folds")
    }
    try options.check()
    if options.validation == nil, judges == nil {
      for (isSet, name) in [
        (options.patience != nil, "patience"), (options.schedule == .plateau, "schedule plateau"),
      ] where isSet {
        throw ZooError.usage(
          "“\(name)” with “folds” needs “validation” too: the pictures of a fold choose no epoch")
      }
    }
    self.model = model
    self.data = data
    self.judges = judges
    self.options = options
    self.folds = folds
  }

  /// The result of one fold.
  public struct Fold: Sendable {
    /// From 1.
    public let number: Int
    /// The numbers of pictures.
    public let train, held: Int
    public let metrics: [(name: String, value: Double)]
  }

  public struct Result: Sendable {
    public let folds: [Fold]
    /// The signal that interrupted it; it can be resumed.
    public let interruption: Int32?

    public var metrics: [String] { folds.first?.metrics.map(\.name) ?? [] }

    private func values(_ metric: String) -> [Double] {
      folds.compactMap { $0.metrics.first { $0.name == metric }?.value }
    }

    public func mean(_ metric: String) -> Double? {
      let values = values(metric)
      return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    /// The sample standard deviation, with K − 1 in the denominator.
    public func deviation(_ metric: String) -> Double? {
      let values = values(metric)
      guard values.count > 1, let mean = mean(metric) else { return nil }
      let sum = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (sum / Double(values.count - 1)).squareRoot()
    }
  }

  public func run(in path: String, resuming: Bool = false) throws -> Result {
    var log = try FoldLog(self, path, resuming: resuming)
    while log.ended.count < folds {
      let number = log.ended.count + 1
      let folder = "\(path)/fold-\(number)"
      var settings = options
      settings.fold = number
      var run = try FinetuningRun(
        of: model, on: data, settings, judgedOn: judges, engine: engine)
      try prepare(&run, number)
      let isBegun = access("\(folder)/run.json", F_OK) == 0
      let report = try run.train(in: folder, resuming: resuming && isBegun)
      if let signal = report.interruption { return Result(folds: log.ended, interruption: signal) }
      _ = try run.test(in: folder)
      let held = run.parts.test ?? run.parts.validation
      let record = try Checkpoint(WeightStore("\(folder)/best.h5").meta, in: folder)
      let fold = Fold(
        number: number, train: run.train.count, held: held.split.count,
        metrics: record.metrics.filter { $0.dataset == held.data }.map { ($0.name, $0.value) })
      try log.add(fold)
      foldEnded(fold)
    }
    return Result(folds: log.ended, interruption: nil)
  }
}

/// The finished folds, written to disk immediately.
private struct FoldLog {
  private(set) var ended: [CrossValidation.Fold] = []
  private let path: String
  private let head: [(key: String, value: JSON)]
  private let about: JSON

  init(_ validation: CrossValidation, _ path: String, resuming: Bool) throws {
    self.path = path
    let record = "\(path)/folds.json"
    if mkdir(path, 0o777) != 0, errno != EEXIST {
      throw ZooError.cannot(.cannotCreate, "create \(path)", errno)
    }
    let isThere = access(record, F_OK) == 0
    guard resuming || !isThere else {
      throw ZooError.usage(
        "\(path) already holds a cross-validation; resume it or choose another folder")
    }
    guard !resuming || isThere else {
      throw ZooError.notFound("there is no cross-validation in \(path)")
    }
    let data = validation.data
    let pictures = data["train"] ?? data.splits[0]
    head = [
      ("version", 1), ("model", JSON(validation.model.name)), ("data", JSON(data.name)),
      ("fingerprint", JSON(try pictures.fingerprint(classes: data.classes))),
      ("options", validation.options.json),
    ]
    about = validation.about
    guard resuming else {
      try write()
      return
    }
    let file = try RandomAccessFile(record)
    guard file.size < 1 << 26 else {
      throw ZooError.corrupt("\(record) is not the record of a cross-validation")
    }
    let json = try JSON(parsing: file.read(at: 0, count: file.size), origin: record)
    var fields = try Fields(json, of: "the cross-validation", in: record)
    for (key, now) in head {
      let then = try fields.json(key)
      guard then.text() == now.text() else {
        throw ZooError.usage("\(record) was started with \(key) \(then.text()), not \(now.text())")
      }
    }
    ended = try fields.list("folds").enumerated().map { index, fold in
      try CrossValidation.Fold(fold, index + 1, in: record)
    }
    guard ended.count <= validation.folds else {
      throw fields.error("\(ended.count) folds have ended, there are only \(validation.folds)")
    }
  }

  mutating func add(_ fold: CrossValidation.Fold) throws {
    ended.append(fold)
    try write()
  }

  private func write() throws {
    let result = CrossValidation.Result(folds: ended, interruption: nil)
    let json = JSON(
      .object(
        head + [("folds", JSON(ended.map(\.json)))] + result.summary + [("about", about)]))
    try Publication.write(to: "\(path)/folds.json") {
      try $0.append((json.text(pretty: true) + "\n").utf8)
    }
    var table = CommaSeparated()
    let names = result.metrics
    table.add(["fold", "train", "held"] + names)
    for fold in ended {
      table.add(
        ["\(fold.number)", "\(fold.train)", "\(fold.held)"] + fold.metrics.map { "\($0.value)" })
    }
    for (title, value) in [("mean", result.mean), ("deviation", result.deviation)]
    where ended.count > 1 {
      table.add([title, "", ""] + names.map { value($0).map { "\($0)" } ?? "" })
    }
    try table.write(to: "\(path)/folds.csv")
  }
}

extension CrossValidation.Result {
  /// Mean and deviation of every metric.
  public var summary: [(key: String, value: JSON)] {
    [("mean", mean), ("deviation", deviation)].map { title, value in
      (title, JSON(.object(metrics.map { name in (name, value(name).map { JSON($0) } ?? nil) })))
    }
  }
}

extension CrossValidation.Fold {
  public var json: JSON {
    [
      "fold": JSON(number), "train": JSON(train), "held": JSON(held),
      "metrics": JSON(.object(metrics.map { ($0.name, JSON($0.value)) })),
    ]
  }

  fileprivate init(_ json: JSON, _ number: Int, in origin: String) throws {
    var fields = try Fields(json, of: "fold \(number)", in: origin)
    guard try fields.integer("fold") == number else {
      throw fields.error("the folds are not in their order")
    }
    self.number = number
    (train, held) = (try fields.integer("train"), try fields.integer("held"))
    var metrics = try fields.fields("metrics", of: "the metrics")
    self.metrics = try metrics.rest().map { name, value in
      guard let number = value.number else { throw fields.error("“\(name)” is no number") }
      return (name, number)
    }
    try fields.finish()
  }
}
