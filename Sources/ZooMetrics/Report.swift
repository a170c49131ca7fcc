import ZooKit
import ZooStore

/// The result of an evaluation. Its JSON is the output of `zoo evaluate --json`.
///
/// A metric that the data does not define (the recall of a class that no item has) is left out.
public struct Report: Sendable {
  public struct Class: Sendable {
    public let name: String
    public let index: Int
    /// The number of true items, pixels or boxes of the class.
    public let count: Int
    public let metrics: [(name: String, value: Double)]

    public init(name: String, index: Int, count: Int, metrics: [(String, Double?)]) {
      self.name = name
      self.index = index
      self.count = count
      self.metrics = defined(metrics)
    }
  }

  public let model: String
  public let data: String
  /// The number of pictures.
  public let count: Int
  public let task: VisionTask
  public private(set) var metrics: [(name: String, value: Double)]
  public let perClass: [Class]
  /// Rows are the truth; empty for tasks without a confusion matrix.
  public let confusion: [[Int]]
  /// What the metrics were computed from, picture by picture.
  public let findings: (any Findings)?
  /// Further members of the JSON object, such as a curve.
  public private(set) var details: [(key: String, value: JSON)] = []

  public init(
    model: String, data: String, count: Int, task: VisionTask, metrics: [(String, Double?)],
    perClass: [Class], confusion: [[Int]] = [], findings: (any Findings)? = nil
  ) {
    self.model = model
    self.data = data
    self.count = count
    self.task = task
    self.metrics = defined(metrics)
    self.perClass = perClass
    self.confusion = confusion
    self.findings = findings
  }

  /// The report with more metrics and members.
  public func adding(
    _ metrics: [(String, Double?)] = [], details: [(key: String, value: JSON)]
  ) -> Report {
    var report = self
    report.metrics += defined(metrics)
    report.details += details
    return report
  }

  public subscript(metric: String) -> Double? { metrics.first { $0.name == metric }?.value }

  public var json: JSON {
    func numbers(_ metrics: [(name: String, value: Double)]) -> [(key: String, value: JSON)] {
      metrics.map { ($0.name, JSON($0.value)) }
    }
    let classes = perClass.map { entry in
      JSON(
        .object(
          [
            ("class", JSON(entry.name)), ("index", JSON(entry.index)),
            ("count", JSON(entry.count)),
          ] + numbers(entry.metrics)))
    }
    return JSON(
      .object(
        [
          ("model", JSON(model)), ("data", JSON(data)), ("count", JSON(count)),
          ("task", JSON(task.rawValue)), ("metrics", JSON(.object(numbers(metrics)))),
          ("perClass", JSON(classes)), ("confusion", JSON(confusion.map { JSON($0) })),
        ] + details))
  }
}

private func defined(_ metrics: [(String, Double?)]) -> [(name: String, value: Double)] {
  metrics.compactMap { name, value in
    value.flatMap { $0.isFinite ? (name: name, value: $0) : nil }
  }
}
