import ZooKit

/// Metrics for items with any number of classes at once; each class is a separate question.
///
/// A class is predicted if its score reaches the threshold.
public struct MultiLabelMetrics: Sendable {
  public let classes: [String]
  public let threshold: Float
  public private(set) var count = 0

  private(set) var scores: [Float] = []
  private(set) var answers: [Bool] = []
  private var exact = 0
  private var (hits, predicted, support): ([Int], [Int], [Int])

  public init(classes: [String], threshold: Float = 0.5) {
    self.classes = classes
    self.threshold = threshold
    let none = Array(repeating: 0, count: classes.count)
    (hits, predicted, support) = (none, none, none)
  }

  /// Adds a batch: the scores of all classes for each item, and whether it has them.
  public mutating func update(scores: [Float], answers: [Bool]) throws {
    guard !classes.isEmpty, scores.count == answers.count, scores.count % classes.count == 0 else {
      throw ZooError.failure(
        "\(scores.count) scores and \(answers.count) answers for \(classes.count) classes")
    }
    for (index, score) in scores.enumerated() where !score.isFinite {
      throw ZooError.failure(
        "item \(count + index / classes.count): the score of “\(classes[index % classes.count])” "
          + "is \(score)")
    }
    for start in stride(from: 0, to: scores.count, by: classes.count) {
      var isExact = true
      for index in classes.indices {
        let (said, isSo) = (scores[start + index] >= threshold, answers[start + index])
        predicted[index] += said ? 1 : 0
        support[index] += isSo ? 1 : 0
        hits[index] += said && isSo ? 1 : 0
        isExact = isExact && said == isSo
      }
      exact += isExact ? 1 : 0
    }
    count += scores.count / classes.count
    self.scores += scores
    self.answers += answers
  }

  public func ranking(of index: Int) -> Ranking? {
    try? Ranking(
      scores: stride(from: index, to: scores.count, by: classes.count).map { scores[$0] },
      isPositive: stride(from: index, to: answers.count, by: classes.count).map { answers[$0] })
  }

  /// The share of items for which exactly the true classes were predicted.
  public var subsetAccuracy: Double? { ratio(exact, count) }
  public var microF1: Double? {
    ratio(2 * hits.reduce(0, +), predicted.reduce(0, +) + support.reduce(0, +))
  }
  /// Over all classes; a class that neither occurs nor was predicted counts as zero, as in
  /// scikit-learn.
  public var macroF1: Double? { mean(classes.indices.map { f1(of: $0) ?? 0 }) }
  /// The mean over the classes that occur.
  public var meanAveragePrecision: Double? {
    mean(classes.indices.compactMap { ranking(of: $0)?.averagePrecision })
  }
  public var areaUnderROC: Double? {
    mean(classes.indices.compactMap { ranking(of: $0)?.areaUnderROC })
  }

  public func precision(of index: Int) -> Double? { ratio(hits[index], predicted[index]) }
  public func recall(of index: Int) -> Double? { ratio(hits[index], support[index]) }
  public func f1(of index: Int) -> Double? {
    ratio(2 * hits[index], predicted[index] + support[index])
  }

  public func report(model: String, data: String) -> Report {
    Report(
      model: model, data: data, count: count, task: .classification,
      metrics: [
        ("subsetAccuracy", subsetAccuracy), ("f1Micro", microF1), ("f1Macro", macroF1),
        ("meanAveragePrecision", meanAveragePrecision), ("auc", areaUnderROC),
      ],
      perClass: classes.indices.map { index in
        let ranking = ranking(of: index)
        return Report.Class(
          name: classes[index], index: index, count: support[index],
          metrics: [
            ("precision", precision(of: index)), ("recall", recall(of: index)),
            ("f1", f1(of: index)), ("auc", ranking?.areaUnderROC),
            ("averagePrecision", ranking?.averagePrecision),
          ])
      }, findings: self)
  }
}
