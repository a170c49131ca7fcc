import ZooData
import ZooEngine
import ZooKit
import ZooMetrics

/// Evaluates models on the same pictures, once or after every epoch.
public protocol Examiner: AnyObject {
  /// The column titles of the table of predictions.
  var columns: [String] { get }

  /// - Parameters:
  ///   - model: a model with the data's classes.
  ///   - progress: called with the number of finished pictures.
  ///   - row: receives a row of the table.
  func examine(
    _ model: Model, progress: (Int) throws -> Void, row: (([String]) throws -> Void)?
  ) throws -> Report
}

/// The settings of an evaluation.
public struct Examination {
  public var engine = EngineChoice.auto
  public var precision = Precision.fp32
  public var batch = 16
  public var options: TaskOptions = [:]
  /// Whether the evaluation chooses what a checkpoint records, such as a threshold.
  public var chooses = false
  /// The stages that are the same in all evaluated models; their outputs are cached.
  public var frozen: TrainingPlan.Options?

  public init(
    engine: EngineChoice = .auto, precision: Precision = .fp32, batch: Int = 16,
    options: TaskOptions = [:]
  ) {
    (self.engine, self.precision, self.batch) = (engine, precision, batch)
    self.options = options
  }
}

extension Model {
  /// Every metric of the model's task on some pictures. Pictures that the model learned from are left
  /// out; see ``JudgedPictures``.
  ///
  /// ```swift
  /// let report = try model.evaluate(on: Dataset.open("ants-and-bees"))
  /// report["accuracy"]
  /// ```
  /// - Parameters:
  ///   - data: its classes are matched by name; a class that the model does not have is an error.
  ///   - split: `val`, `test`, …; nil means the data's split for testing.
  ///   - includingLearned: whether pictures count that the model learned from.
  ///   - engine: the engine.
  ///   - precision: the number type.
  ///   - batch: the number of pictures per batch.
  ///   - options: the task's own, such as the score threshold of a detector.
  ///   - progress: called with the number of finished pictures.
  ///   - table: receives the column titles, then a row per prediction.
  public func evaluate(
    on data: Dataset, split: String? = nil, includingLearned: Bool = false,
    engine: EngineChoice = .auto,
    precision: Precision = .fp32, batch: Int = 16, options: TaskOptions = [:],
    progress: (Int) throws -> Void = { _ in }, table: (([String]) throws -> Void)? = nil
  ) throws -> Report {
    let pictures = try JudgedPictures(
      of: data, split: split, for: [self], includingLearned: includingLearned)
    return try evaluate(
      by: pictures,
      Examination(engine: engine, precision: precision, batch: batch, options: options),
      progress: progress, table: table)
  }

  /// Every metric of the model's task on pictures that were chosen before.
  public func evaluate(
    by pictures: JudgedPictures, _ how: Examination = .init(),
    progress: (Int) throws -> Void = { _ in }, table: (([String]) throws -> Void)? = nil
  ) throws -> Report {
    let task = try checkpoint.task.definition
    let examiner = task.examiner(
      how, try numbered(pictures.data).splits[0], data: pictures.data.path,
      classes: task.classes(of: checkpoint))
    try table?(examiner.columns)
    return try examiner.examine(self, progress: progress, row: table)
  }

  /// The data with the model's class numbers.
  /// - Throws: if the data is for another task, or has classes that the model lacks.
  func numbered(_ data: Dataset) throws -> Dataset {
    guard data.task == checkpoint.task else {
      throw ZooError.corrupt(
        "\(data.path) is for \(data.task.rawValue), \(name) for \(checkpoint.task.rawValue)")
    }
    return try data.numbered(as: checkpoint.task.definition.classes(of: checkpoint), of: name)
  }
}

extension Dataset {
  /// The split of that name; nil means the split for testing.
  public func tested(_ name: String?) throws -> Split {
    if let name {
      guard let split = self[name] else {
        throw ZooError.notFound(
          "\(path) has no split “\(name)”" + suggestion(name, among: splits.map(\.name))
            + "; it has " + splits.map(\.name).joined(separator: ", "))
      }
      return split
    }
    return self["test"] ?? self["val"] ?? self["all"] ?? splits[0]
  }
}
