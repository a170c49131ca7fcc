import ZooData
import ZooEngine
import ZooKit
import ZooMetrics
import ZooStore

/// A model whose confidence was fitted to pictures that it had not learned from. Its weights are the
/// same as before.
public struct Calibrated {
  public let model: Model
  /// The number of pictures that it was fitted to.
  public let pictures: Int
  /// The metrics of these pictures before and after, where each picture has a temperature that was
  /// fitted to others. They are equal if no temperature helps, and the model then has none.
  public let metrics: [(name: String, before: Double, after: Double)]
  public let reliability: (before: Calibration, after: Calibration)

  public init(
    _ model: Model, pictures: Int, metrics: [(name: String, before: Double, after: Double)],
    reliability: (before: Calibration, after: Calibration)
  ) {
    self.model = model
    self.pictures = pictures
    self.metrics = metrics
    self.reliability = reliability
  }
}

extension Model {
  /// Fits the confidence of the model's answers to pictures that it has not learned from.
  ///
  /// ```swift
  /// let honest = try model.calibrated(on: Dataset.open("ants-and-bees")).model
  /// try honest.save(to: "ants-and-bees.h5")
  /// ```
  /// - Parameters:
  ///   - data: its classes are matched by name.
  ///   - split: the pictures to fit to; nil means `val`, or the share that the model's own training
  ///     kept for validation.
  ///   - falseAlarms: the share of pictures like these that may be told as unlike all others.
  ///   - engine: the engine.
  ///   - batch: the number of pictures per batch.
  public func calibrated(
    on data: Dataset, split: String? = nil, falseAlarms: Double = 0.02,
    engine: EngineChoice = .auto, batch: Int = 32
  ) throws -> Calibrated {
    let task = try checkpoint.task.definition
    guard data.task == checkpoint.task else {
      throw ZooError.corrupt(
        "\(data.path) is for \(data.task.rawValue), \(name) for \(checkpoint.task.rawValue)")
    }
    let classes = task.classes(of: checkpoint)
    let parts = try unlearned(of: data.numbered(as: classes, of: name), split)
    let how = Examination(engine: engine, batch: batch)
    return try task.calibrated(
      self,
      on: Exam(
        how, parts.held.checked().split, data: "\(data.name)/\(parts.held.name)", classes: classes),
      known: parts.learned, falseAlarms: falseAlarms)
  }
}

extension Calibrated {
  /// The members of the output of `zoo calibrate --json`.
  public var members: [(key: String, value: JSON)] {
    func side(_ values: [Double], _ bins: Calibration) -> JSON {
      let numbers = zip(metrics, values).map { (key: $0.name, value: JSON($1)) }
      return JSON(.object(numbers + [(key: "reliability", value: bins.json)]))
    }
    return [
      ("pictures", JSON(pictures)),
      ("calibrationFloor", reliability.before.floor.map { JSON($0) } ?? nil),
      ("confidence", model.checkpoint.confidence?.json ?? nil),
      ("novelty", model.checkpoint.novelty?.json ?? nil),
      ("before", side(metrics.map(\.before), reliability.before)),
      ("after", side(metrics.map(\.after), reliability.after)),
    ]
  }
}
