import Glibc
import ZooKit
import ZooStore

/// Every metric of a classifier, from batches of probabilities.
///
/// ```swift
/// var metrics = ClassificationMetrics(classes: ["ant", "bee"])
/// for batch in batches { try metrics.update(probabilities: batch.output, labels: batch.labels) }
/// metrics.accuracy
/// let report = metrics.report(model: "resnet18", data: "insects/val")
/// ```
///
/// The predicted class of an item is the most probable one, the first on ties. Probabilities are
/// kept, 4 bytes each, because ranking metrics need all of them at once; `keepsScores: false` turns
/// off both.
public struct ClassificationMetrics: Sendable {
  public let classes: [String]
  public private(set) var confusion: ConfusionMatrix
  public private(set) var calibration = Calibration()
  public private(set) var labels: [Int] = []

  let keepsScores: Bool
  private(set) var scores: [Float] = []
  private var hitsOfFive = 0
  private var lossSum = 0.0

  public init(classes: [String], keepsScores: Bool = true) {
    self.classes = classes
    self.keepsScores = keepsScores
    confusion = ConfusionMatrix(classes: classes.count)
  }

  public var count: Int { labels.count }

  /// Adds a batch: the probabilities of all classes for each item, and its true class.
  public mutating func update(
    probabilities: UnsafeBufferPointer<Float>, labels: some Collection<Int>
  ) throws {
    let classCount = classes.count
    guard classCount > 0, probabilities.count == labels.count * classCount else {
      throw ZooError.failure(
        "\(probabilities.count) probabilities for \(labels.count) items of \(classCount) classes")
    }
    // Check all labels first, so that a batch counts entirely or not at all.
    for (item, label) in labels.enumerated() where !(0..<classCount ~= label) {
      throw ZooError.failure(
        "item \(count + item) has class \(label); expected 0 to \(classCount - 1)")
    }
    for (index, probability) in probabilities.enumerated() where !probability.isFinite {
      throw ZooError.failure(
        "item \(count + index / classCount): the probability of "
          + "“\(classes[index % classCount])” is \(probability)")
    }
    for (item, label) in labels.enumerated() {
      let row = UnsafeBufferPointer(
        rebasing: probabilities[item * classCount..<(item + 1) * classCount])
      var best = 0
      var above = 0
      for index in 0..<classCount {
        if row[index] > row[best] { best = index }
        // scikit-learn ranks the later of two equal classes higher.
        if row[index] > row[label] || (row[index] == row[label] && index > label) { above += 1 }
      }
      confusion.add(truth: label, predicted: best)
      calibration.add(confidence: row[best], isRight: best == label)
      if above < 5 { hitsOfFive += 1 }
      lossSum += ClassificationMetrics.loss(row[label])
    }
    self.labels += labels
    if keepsScores { scores += probabilities }
  }

  /// A confident mistake costs the logarithm of float32's epsilon, not infinity.
  static func loss(_ probability: Float) -> Double {
    -log(Double(min(max(probability, .ulpOfOne), 1 - .ulpOfOne)))
  }

  public mutating func update(probabilities: [Float], labels: some Collection<Int>) throws {
    try probabilities.withUnsafeBufferPointer { try update(probabilities: $0, labels: labels) }
  }

  public mutating func update(probabilities: Tensor, labels: some Collection<Int>) throws {
    try probabilities.withValues { try update(probabilities: $0, labels: labels) }
  }

  /// Adds a batch of logits.
  public mutating func update(logits: Tensor, labels: some Collection<Int>) throws {
    try update(probabilities: logits.withValues { softmax($0, classes.count) }, labels: labels)
  }
}

extension ClassificationMetrics {
  public var accuracy: Double? { confusion.accuracy }
  public var balancedAccuracy: Double? { confusion.balancedAccuracy }

  /// The share of items whose class is among the five most probable; nil for up to five classes,
  /// where it is always 1.
  public var top5: Double? { classes.count > 5 ? ratio(hitsOfFive, count) : nil }

  /// The mean of −log p of the true class.
  public var logLoss: Double? { count == 0 ? nil : lossSum / Double(count) }

  /// The items ranked by the probability of one class; nil if no scores were kept.
  public func ranking(of index: Int) -> Ranking? {
    guard keepsScores, classes.indices.contains(index) else { return nil }
    return try? Ranking(
      scores: stride(from: index, to: scores.count, by: classes.count).map { scores[$0] },
      isPositive: labels.map { $0 == index })
  }

  /// For two classes, the second one's, which scikit-learn calls positive. For more, the mean over
  /// each class against the rest, without classes that no item or every item has.
  public var areaUnderROC: Double? { overRankings(\.areaUnderROC) }
  public var averagePrecision: Double? { overRankings(\.averagePrecision) }

  private func overRankings(_ value: (Ranking) -> Double?) -> Double? {
    if classes.count == 2 { return ranking(of: 1).flatMap(value) }
    return mean(classes.indices.compactMap { ranking(of: $0).flatMap(value) })
  }

  /// The report of `zoo evaluate`. For two classes the rates are the second one's.
  public func report(model: String, data: String) -> Report {
    let isBinary = classes.count == 2
    let rankings = classes.indices.map(ranking(of:))
    let positive = isBinary ? rankings[1] : nil
    func average(_ value: (Ranking) -> Double?) -> Double? {
      isBinary ? positive.flatMap(value) : mean(rankings.compactMap { $0.flatMap(value) })
    }
    var metrics: [(String, Double?)] = [
      ("accuracy", accuracy), ("top5", top5), ("balancedAccuracy", balancedAccuracy),
      ("precision", isBinary ? confusion.precision(of: 1) : confusion.macroPrecision),
      ("sensitivity", isBinary ? confusion.recall(of: 1) : confusion.macroRecall),
      ("specificity", isBinary ? confusion.specificity(of: 1) : confusion.macroSpecificity),
      ("f1", isBinary ? confusion.f1(of: 1) : confusion.macroF1),
      ("f1Macro", confusion.macroF1), ("f1Micro", accuracy),
      ("auc", average(\.areaUnderROC)), ("averagePrecision", average(\.averagePrecision)),
      ("logLoss", logLoss), ("expectedCalibrationError", calibration.expectedError),
    ]
    for rule in Threshold.Rule.allCases {
      guard let threshold = positive?.threshold(by: rule) else { continue }
      metrics += [
        ("\(rule)Threshold", Double(threshold.score)),
        ("\(rule)Sensitivity", threshold.sensitivity),
        ("\(rule)Specificity", threshold.specificity),
        ("\(rule)F1", threshold.f1),
      ]
    }
    let perClass = classes.indices.map { index in
      Report.Class(
        name: classes[index], index: index, count: confusion.support(of: index),
        metrics: [
          ("precision", confusion.precision(of: index)), ("recall", confusion.recall(of: index)),
          ("specificity", confusion.specificity(of: index)), ("f1", confusion.f1(of: index)),
          ("auc", rankings[index]?.areaUnderROC),
          ("averagePrecision", rankings[index]?.averagePrecision),
        ])
    }
    return Report(
      model: model, data: data, count: count, task: .classification, metrics: metrics,
      perClass: perClass, confusion: confusion.rows, findings: keepsScores ? self : nil
    ).adding(details: [
      ("reliability", calibration.json),
      ("calibrationFloor", calibration.floor.map { JSON($0) } ?? nil),
    ])
  }
}

/// Row by row, in float64, minus the maximum of each row so that nothing overflows.
/// - Parameter temperature: divides the logits.
package func softmax(_ logits: [Float], _ classCount: Int, temperature: Double = 1) -> [Float] {
  logits.withUnsafeBufferPointer { softmax($0, classCount, temperature: temperature) }
}

func softmax(
  _ logits: UnsafeBufferPointer<Float>, _ classCount: Int, temperature: Double = 1
) -> [Float] {
  guard classCount > 0 else { return [] }
  var probabilities: [Float] = []
  probabilities.reserveCapacity(logits.count)
  for start in stride(from: 0, to: logits.count - classCount + 1, by: classCount) {
    let row = logits[start..<start + classCount].map { Double($0) / temperature }
    let softmax = RowSoftmax(row)
    probabilities += row.map { Float(softmax.share(of: $0)) }
  }
  return probabilities
}
