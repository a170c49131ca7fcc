import ZooKit

/// Scores and answers of a yes-or-no question, counted once at every distinct score. Curves, areas
/// and thresholds are computed from it. Equal scores are one step, in whatever order they came.
///
/// ```swift
/// let ranking = try Ranking(scores: [0.1, 0.4, 0.35, 0.8], isPositive: [false, false, true, true])
/// ranking.areaUnderROC             // 0.75
/// ranking.averagePrecision         // 0.8333…
/// ```
public struct Ranking: Sendable {
  /// The distinct scores, highest first.
  public let thresholds: [Float]
  /// The numbers of positives and negatives that score at least as high.
  public let truePositives, falsePositives: [Int]

  public var positives: Int { truePositives.last ?? 0 }
  public var negatives: Int { falsePositives.last ?? 0 }

  public init(
    scores: some RandomAccessCollection<Float>, isPositive: some RandomAccessCollection<Bool>
  ) throws {
    guard scores.count == isPositive.count else {
      throw ZooError.failure("\(scores.count) scores for \(isPositive.count) answers")
    }
    guard scores.allSatisfy(\.isFinite) else {
      throw ZooError.failure("a score to be ranked is not finite")
    }
    // Integers sort several times faster than pairs. The key is the score's bits in ascending
    // order, then the answer. Adding zero turns −0 into 0.
    var keys = zip(scores, isPositive).map { score, isPositive in
      let bits = (score + 0).bitPattern
      let order = bits >> 31 == 1 ? ~bits : bits | 1 << 31
      return UInt64(order) << 1 | (isPositive ? 1 : 0)
    }
    keys.sort(by: >)
    var (thresholds, hits, misses) = ([Float](), [Int](), [Int]())
    var (hit, miss) = (0, 0)
    for (index, key) in keys.enumerated() {
      if key & 1 == 1 { hit += 1 } else { miss += 1 }
      if index + 1 < keys.count, keys[index + 1] >> 1 == key >> 1 { continue }
      let order = UInt32(truncatingIfNeeded: key >> 1)
      thresholds.append(Float(bitPattern: order >> 31 == 1 ? order & ~(1 << 31) : ~order))
      hits.append(hit)
      misses.append(miss)
    }
    self.thresholds = thresholds
    truePositives = hits
    falsePositives = misses
  }
}

extension Ranking {
  /// The area under the ROC curve: how often a positive scores above a negative, with ties counted
  /// half. Nil without positives or without negatives.
  public var areaUnderROC: Double? {
    guard positives > 0, negatives > 0 else { return nil }
    var (area, lastHits, lastMisses) = (0.0, 0, 0)
    for (hits, misses) in zip(truePositives, falsePositives) {
      area += Double(misses - lastMisses) * Double(hits + lastHits)
      (lastHits, lastMisses) = (hits, misses)
    }
    return area / 2 / (Double(positives) * Double(negatives))
  }

  /// The mean precision over the steps of recall, without interpolation. Nil without positives.
  public var averagePrecision: Double? {
    guard positives > 0 else { return nil }
    var (sum, last) = (0.0, 0)
    for (hits, misses) in zip(truePositives, falsePositives) {
      sum += Double(hits - last) / Double(positives) * (Double(hits) / Double(hits + misses))
      last = hits
    }
    return sum
  }

  /// The receiver operating characteristic, from an infinite threshold, where everything is
  /// negative, to the lowest, where everything is positive.
  public struct ROCCurve: Sendable {
    public let thresholds: [Float]
    public let falsePositiveRates, truePositiveRates: [Double]
  }

  /// Nil without positives or without negatives.
  public var rocCurve: ROCCurve? {
    guard positives > 0, negatives > 0 else { return nil }
    return ROCCurve(
      thresholds: [.infinity] + thresholds,
      falsePositiveRates: [0] + falsePositives.map { Double($0) / Double(negatives) },
      truePositiveRates: [0] + truePositives.map { Double($0) / Double(positives) })
  }

  /// Precision and recall at each threshold, the lowest first, followed by the point (1, 0), which
  /// has no threshold.
  public struct PrecisionRecallCurve: Sendable {
    public let thresholds: [Float]
    public let precisions, recalls: [Double]
  }

  /// Nil without positives.
  public var precisionRecallCurve: PrecisionRecallCurve? {
    guard positives > 0 else { return nil }
    let points = zip(truePositives, falsePositives).reversed()
    return PrecisionRecallCurve(
      thresholds: thresholds.reversed(),
      precisions: points.map { Double($0) / Double($0 + $1) } + [1],
      recalls: points.map { hits, _ in Double(hits) / Double(positives) } + [0])
  }
}
