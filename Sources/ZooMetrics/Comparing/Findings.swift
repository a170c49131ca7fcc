import ZooKit

/// The findings of an evaluation, picture by picture: from them every metric can be computed again
/// for another selection of the pictures.
public protocol Findings: Sendable {
  /// The number of pictures.
  var count: Int { get }
  /// Whether each picture was answered correctly; nil if an answer is more than right or wrong.
  var isRight: [Bool]? { get }
  /// The metrics as a function of how often each picture counts. What does not depend on that is
  /// computed here, once.
  func measure() -> Measure
}

/// Metrics by name, computed from the number of times that each picture counts.
public struct Measure: Sendable {
  private let metrics: @Sendable (_ counts: [Int]) -> [(name: String, value: Double)]

  init(_ metrics: @escaping @Sendable (_ counts: [Int]) -> [(String, Double?)]) {
    self.metrics = { counts in
      metrics(counts).compactMap { name, value in
        value.flatMap { $0.isFinite ? (name: name, value: $0) : nil }
      }
    }
  }

  /// From the metrics of the repeated pictures.
  init(repeating report: @escaping @Sendable (_ counts: [Int]) -> Report) {
    metrics = { report($0).metrics }
  }

  public func callAsFunction(_ counts: [Int]) -> [(name: String, value: Double)] { metrics(counts) }
}

// MARK: Pictures that can be repeated

extension SegmentationMetrics: Findings {
  public var isRight: [Bool]? { nil }
  public func measure() -> Measure {
    Measure(repeating: { repeated($0).report(model: "", data: "") })
  }
}

extension RegressionMetrics: Findings {
  public var isRight: [Bool]? { nil }
  public func measure() -> Measure {
    Measure(repeating: { repeated($0).report(model: "", data: "") })
  }
}

/// A detector's findings, judged at the threshold of its report, which is chosen and has no interval.
public struct DetectionFindings: Findings {
  public let metrics: DetectionMetrics
  public let threshold: Double

  public var count: Int { metrics.count }
  public var isRight: [Bool]? { nil }
  public func measure() -> Measure {
    Measure { counts in
      metrics.repeated(counts).report(model: "", data: "", threshold: threshold).metrics
        .filter { $0.name != "threshold" }.map { ($0.name, $0.value) }
    }
  }
}

// MARK: Labels

extension ClassificationMetrics: Findings {
  public var isRight: [Bool]? {
    keepsScores ? zip(predictions, labels).map { $0 == $1 } : nil
  }

  /// The most probable class of each item, the first on ties.
  private var predictions: [Int] {
    stride(from: 0, to: scores.count, by: classes.count).map { start in
      (1..<classes.count).reduce(0) { scores[start + $1] > scores[start + $0] ? $1 : $0 }
    }
  }

  /// Without thresholds, which are fitted to the pictures, and without the calibration error, which
  /// repeated pictures raise.
  public func measure() -> Measure {
    let (labels, predictions, names, scores) = (labels, predictions, classes, scores)
    let columns = classes.count
    let isBinary = columns == 2
    let rankings = (isBinary ? 1..<2 : 0..<columns).map { index in
      WeightedRanking(
        scores: stride(from: index, to: scores.count, by: columns).map { scores[$0] },
        isPositive: labels.map { $0 == index })
    }
    let isHit = labels.enumerated().map { item, label in
      scores.isHit(of: label, in: item * columns..<(item + 1) * columns, within: 5)
    }
    let losses = labels.enumerated().map { item, label in
      ClassificationMetrics.loss(scores[item * columns + label])
    }
    return Measure { counts in
      var confusion = ConfusionMatrix(classes: names.count)
      var (hits, loss, total) = (0, 0.0, 0)
      for (item, count) in counts.enumerated() where count > 0 {
        confusion.add(truth: labels[item], predicted: predictions[item], count: count)
        hits += isHit[item] ? count : 0
        loss += Double(count) * losses[item]
        total += count
      }
      let areas = rankings.map { $0.areas(counts) }
      return [
        ("accuracy", confusion.accuracy), ("top5", columns > 5 ? ratio(hits, total) : nil),
        ("balancedAccuracy", confusion.balancedAccuracy),
        ("precision", isBinary ? confusion.precision(of: 1) : confusion.macroPrecision),
        ("sensitivity", isBinary ? confusion.recall(of: 1) : confusion.macroRecall),
        ("specificity", isBinary ? confusion.specificity(of: 1) : confusion.macroSpecificity),
        ("f1", isBinary ? confusion.f1(of: 1) : confusion.macroF1),
        ("f1Macro", confusion.macroF1), ("f1Micro", confusion.accuracy),
        ("auc", mean(areas.compactMap(\.underROC))),
        ("averagePrecision", mean(areas.compactMap(\.averagePrecision))),
        ("logLoss", total > 0 ? loss / Double(total) : nil),
      ]
    }
  }
}

extension MultiLabelMetrics: Findings {
  public var isRight: [Bool]? { nil }

  public func measure() -> Measure {
    let (scores, answers, threshold, columns) = (scores, answers, threshold, classes.count)
    let rankings = (0..<columns).map { index in
      let places = stride(from: index, to: scores.count, by: columns)
      return WeightedRanking(
        scores: places.map { scores[$0] }, isPositive: places.map { answers[$0] })
    }
    return Measure { counts in
      var (exact, total) = (0, 0)
      var (hits, predicted, support) = (
        [Int](repeating: 0, count: columns), [Int](repeating: 0, count: columns),
        [Int](repeating: 0, count: columns)
      )
      for (item, count) in counts.enumerated() where count > 0 {
        var isExact = true
        for index in 0..<columns {
          let (said, isSo) = (
            scores[item * columns + index] >= threshold, answers[item * columns + index]
          )
          predicted[index] += said ? count : 0
          support[index] += isSo ? count : 0
          hits[index] += said && isSo ? count : 0
          isExact = isExact && said == isSo
        }
        exact += isExact ? count : 0
        total += count
      }
      let f1 = (0..<columns).map { ratio(2 * hits[$0], predicted[$0] + support[$0]) ?? 0 }
      let areas = rankings.map { $0.areas(counts) }
      return [
        ("subsetAccuracy", ratio(exact, total)),
        (
          "f1Micro",
          ratio(2 * hits.reduce(0, +), predicted.reduce(0, +) + support.reduce(0, +))
        ), ("f1Macro", mean(f1)),
        ("meanAveragePrecision", mean(areas.compactMap(\.averagePrecision))),
        ("auc", mean(areas.compactMap(\.underROC))),
      ]
    }
  }
}

extension [Float] {
  /// Whether the class is among the most probable, ranked as in scikit-learn: the later of two equal
  /// classes is higher.
  fileprivate func isHit(of label: Int, in row: Range<Int>, within most: Int) -> Bool {
    let own = self[row.lowerBound + label]
    return row.count { self[$0] > own || (self[$0] == own && $0 > row.lowerBound + label) } < most
  }
}

/// Scores of a yes-or-no question, sorted once, whose items may count any number of times.
private struct WeightedRanking: Sendable {
  /// By falling score.
  private let order: [Int]
  /// Whether the next item in the order has another score.
  private let endsStep: [Bool]
  private let isPositive: [Bool]

  init(scores: [Float], isPositive: [Bool]) {
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    self.order = order
    endsStep = order.indices.map {
      $0 + 1 == order.count || scores[order[$0]] != scores[order[$0 + 1]]
    }
    self.isPositive = isPositive
  }

  /// The areas of ``Ranking``, in one pass.
  func areas(_ counts: [Int]) -> (underROC: Double?, averagePrecision: Double?) {
    var (hits, misses, lastHits, lastMisses) = (0, 0, 0, 0)
    var (area, sum) = (0.0, 0.0)
    for (place, item) in order.enumerated() {
      if isPositive[item] { hits += counts[item] } else { misses += counts[item] }
      guard endsStep[place], hits + misses > lastHits + lastMisses else { continue }
      area += Double(misses - lastMisses) * Double(hits + lastHits)
      sum += Double(hits - lastHits) * Double(hits) / Double(hits + misses)
      (lastHits, lastMisses) = (hits, misses)
    }
    return (
      hits > 0 && misses > 0 ? area / 2 / (Double(hits) * Double(misses)) : nil,
      hits > 0 ? sum / Double(hits) : nil
    )
  }
}
