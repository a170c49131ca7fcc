import ZooKit

/// Metrics of predicted numbers: an age, the angles of a head. Each output keeps its own unit; a mean
/// over outputs is meaningful only if they share one.
///
/// ```swift
/// var metrics = RegressionMetrics(names: ["yaw", "pitch"])
/// try metrics.update(predicted: [12, -3], truth: [10, -2.5])
/// metrics.meanAbsoluteError(of: 0)        // 2
/// ```
public struct RegressionMetrics: Sendable {
  /// The names of the outputs.
  public let names: [String]
  /// The number of items so far.
  public private(set) var count = 0
  private(set) var sums: [Sums]
  /// Item by item.
  private var predicted: [Float] = []
  private var truth: [Float] = []

  /// The sums of one output.
  struct Sums: Sendable {
    /// Absolute and squared errors.
    var (absolute, squared) = (0.0, 0.0)
    /// The mean of the truth so far, and the sum of squared distances from it (Welford 1962).
    var (mean, variation) = (0.0, 0.0)

    mutating func add(_ predicted: Double, _ truth: Double, count: Int) {
      let error = predicted - truth
      absolute += abs(error)
      squared += error * error
      let distance = truth - mean
      mean += distance / Double(count)
      variation += distance * (truth - mean)
    }
  }

  public init(names: [String]) {
    self.names = names
    sums = Array(repeating: Sums(), count: names.count)
  }

  /// Adds a batch: item by item, one number for each output.
  public mutating func update(predicted: [Float], truth: [Float]) throws {
    guard !names.isEmpty, predicted.count == truth.count, truth.count % names.count == 0 else {
      throw ZooError.failure(
        "\(predicted.count) predictions and \(truth.count) truths for \(names.count) outputs")
    }
    for (values, what) in [(predicted, "prediction"), (truth, "truth")] {
      for (index, value) in values.enumerated() where !value.isFinite {
        throw ZooError.failure(
          "item \(count + index / names.count): the \(what) of "
            + "“\(names[index % names.count])” is \(value)")
      }
    }
    for start in stride(from: 0, to: truth.count, by: names.count) {
      add(predicted, truth, start)
    }
    self.predicted += predicted
    self.truth += truth
  }

  private mutating func add(_ predicted: [Float], _ truth: [Float], _ start: Int) {
    count += 1
    for index in names.indices {
      sums[index].add(
        Double(predicted[start + index]), Double(truth[start + index]), count: count)
    }
  }

  /// What was predicted of every item for an output, and what is true.
  public func numbers(of output: Int) -> [(predicted: Float, truth: Float)] {
    stride(from: output, to: truth.count, by: names.count).map { (predicted[$0], truth[$0]) }
  }

  /// The metrics of repeated items.
  func repeated(_ counts: [Int]) -> RegressionMetrics {
    var repeated = RegressionMetrics(names: names)
    for (item, count) in counts.enumerated() {
      for _ in 0..<count { repeated.add(predicted, truth, item * names.count) }
    }
    return repeated
  }

  /// The mean of a metric over the outputs that have it.
  func mean(_ metric: (Int) -> Double?) -> Double? {
    let values = names.indices.compactMap(metric)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
