import ZooData
import ZooEngine
import ZooKit
import ZooMetrics
import ZooVision

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

  /// The mistakes of the last examination, if it gathered them.
  func mistakes(of model: Model) throws -> Mistakes

  /// What a report shows of the last examination, if it gathered mistakes, beside what every task has:
  /// metrics, curves, confusion, classes and mistakes.
  func sections(of model: Model, _ report: Report) throws -> [PageSection]
}

extension Examiner {
  public func sections(of model: Model, _ report: Report) throws -> [PageSection] { [] }
}

/// The settings of an evaluation.
public struct Examination {
  public var engine = EngineChoice.auto
  public var precision = Precision.fp32
  public var batch = 16
  public var options: TaskOptions = [:]
  /// Whether the evaluation chooses what a checkpoint records, such as a threshold.
  public var chooses = false
  /// Models whose answers are combined with those of the evaluated one.
  public var partners: [Model] = []
  /// The folder for contact sheets of the mistakes and a table of them.
  public var mistakes: String?
  /// Whether mistakes are gathered for a report, without such a folder.
  var gathersMistakes = false
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

extension Examination {
  var isGathering: Bool { gathersMistakes || mistakes != nil }

  /// A predictor that combines answers; nil if there is one model and one view.
  func combined(with model: Model, _ options: TaskOptions) throws -> (any Predictor)? {
    guard !partners.isEmpty || options.hasViews else { return nil }
    var models = [model] + partners
    return try model.checkpoint.task.definition.predictor(
      forAll: &models, engine: engine, precision: precision, options, load: nil)
  }

  /// The name of the evaluated model and of those that are combined with it.
  func name(of model: Model) -> String {
    ([model] + partners).map(\.name).joined(separator: "+")
  }
}

extension Predictor {
  /// The prediction for one picture, of the kind that the task makes.
  func answer<Answer: Prediction>(_ picture: Picture, as type: Answer.Type) throws -> Answer {
    guard let answer = try predict([picture]).first as? Answer else {
      throw ZooError.failure("a prediction is not a \(type)")
    }
    return answer
  }
}

/// Pictures to evaluate models on, and how.
public struct Exam {
  public let how: Examination
  public let split: Split
  /// The name of the data, for reports.
  public let data: String
  /// The names of ground truth and answers, by their numbers.
  public let classes: [String]

  public init(_ how: Examination, _ split: Split, data: String, classes: [String]) {
    (self.how, self.split, self.data, self.classes) = (how, split, data, classes)
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
    // Before the work: a folder that cannot be used is an error at once.
    let folder = try how.mistakes.map { try MistakesFolder($0) }
    let (report, examiner, exam) = try examined(by: pictures, how, progress: progress, table: table)
    guard let folder else { return report }
    let files = try examiner.mistakes(of: self).write(
      of: exam.split, to: folder, title: "\(name) on \(pictures.data.name)")
    return report.adding(details: [("mistakes", files.json)])
  }

  /// The metrics, and the examiner that knows what they were computed from.
  func examined(
    by pictures: JudgedPictures, _ how: Examination, progress: (Int) throws -> Void = { _ in },
    table: (([String]) throws -> Void)? = nil
  ) throws -> (report: Report, examiner: any Examiner, exam: Exam) {
    let task = try checkpoint.task.definition
    let exam = Exam(
      how, try numbered(pictures.data).splits[0], data: pictures.data.path,
      classes: task.classes(of: checkpoint))
    let examiner = task.examiner(for: exam)
    try table?(examiner.columns)
    return (try examiner.examine(self, progress: progress, row: table), examiner, exam)
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
