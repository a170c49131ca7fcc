import ZooData
import ZooEngine
import ZooKit
import ZooMetrics

/// Judges models on the same pictures, once or after every epoch.
public protocol Examiner: AnyObject {
  /// The titles of a table of every answer.
  var columns: [String] { get }

  /// - Parameters:
  ///   - model: with the classes of the data.
  ///   - progress: told how many pictures are done.
  ///   - row: a line of the table.
  func examine(
    _ model: Model, progress: (Int) throws -> Void, row: (([String]) throws -> Void)?
  ) throws -> Report
}

/// How an evaluation computes.
public struct Examination {
  public var engine = EngineChoice.auto
  public var precision = Precision.fp32
  public var batch = 16
  public var options: TaskOptions = [:]
  /// Stages that are the same in all models that come: what they make of the pictures is kept.
  public var frozen: TrainingPlan.Options?
}

extension Model {
  /// Every metric of the model's task on some pictures.
  ///
  /// ```swift
  /// let report = try model.evaluate(on: Dataset.open("ants-and-bees"))
  /// report["accuracy"]
  /// ```
  /// - Parameters:
  ///   - data: its classes are matched by name; one that the model does not know is an error.
  ///   - split: `val`, `test`, …; where nil what the data has to test with.
  ///   - engine: what computes.
  ///   - precision: in which numbers.
  ///   - batch: how many pictures are computed at once.
  ///   - options: the task's own, such as the score of what a detector has found.
  ///   - progress: told how many pictures are done.
  ///   - table: given a line for every answer, the titles first.
  public func evaluate(
    on data: Dataset, split: String? = nil, engine: EngineChoice = .auto,
    precision: Precision = .fp32, batch: Int = 16, options: TaskOptions = [:],
    progress: (Int) throws -> Void = { _ in }, table: (([String]) throws -> Void)? = nil
  ) throws -> Report {
    guard data.task == checkpoint.task else {
      throw ZooError.corrupt(
        "\(data.path) is for \(data.task.rawValue), \(name) for \(checkpoint.task.rawValue)")
    }
    let task = try checkpoint.task.definition
    let classes = task.classes(of: checkpoint)
    let numbered = try data.numbered(as: classes, of: name)
    let examiner = try task.examiner(
      Examination(engine: engine, precision: precision, batch: batch, options: options),
      numbered.tested(split), data: data.path, classes: classes)
    try table?(examiner.columns)
    return try examiner.examine(self, progress: progress, row: table)
  }
}

extension Dataset {
  /// The split of that name; without one, what is there to test with.
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
