import Glibc

extension DetectionMetrics {
  /// What is found and missed with the boxes whose score exceeds a threshold. A box is right if it
  /// overlaps a true box of its class by half (IoU), and no more confident box does.
  public struct Rates: Hashable, Sendable {
    public let threshold: Double
    public let truePositives, falsePositives, missed: Int

    /// Nil if no box exceeds the threshold.
    public var precision: Double? { share(truePositives, of: truePositives + falsePositives) }
    /// Nil without true boxes.
    public var recall: Double? { share(truePositives, of: truePositives + missed) }
    /// Nil if there is neither a box nor a true box.
    public var f1: Double? {
      share(2 * truePositives, of: 2 * truePositives + falsePositives + missed)
    }

    private func share(_ part: Int, of whole: Int) -> Double? {
      whole > 0 ? Double(part) / Double(whole) : nil
    }
  }

  /// The rates at a threshold.
  /// `index`: a class; nil means the boxes of all classes together.
  public func rates(above threshold: Double, of index: Int? = nil) -> Rates {
    let seen = outcomes(of: index).filter { $0.score > threshold }
    return rates(threshold, hits: seen.count(where: \.isRight), of: seen.count, index)
  }

  /// The rates at every score that a box has, from the highest: precision, recall and F₁ against
  /// score. Each threshold lies just below its score.
  public func rateCurve(of index: Int? = nil) -> [Rates] {
    let outcomes = outcomes(of: index)
    var (curve, hits): ([Rates], Int) = ([], 0)
    for (place, outcome) in outcomes.enumerated() {
      if outcome.isRight { hits += 1 }
      let next = place + 1 < outcomes.count ? outcomes[place + 1].score : 0
      guard next < outcome.score else { continue }
      let threshold = shortest(from: next, below: outcome.score)
      curve.append(rates(threshold, hits: hits, of: place + 1, index))
    }
    return curve
  }

  /// The rates with the highest F₁ over all classes, with the higher threshold on ties. Nil if no box
  /// is right.
  public var bestRates: Rates? {
    let best = rateCurve().max { ($0.f1 ?? 0, $0.threshold) < ($1.f1 ?? 0, $1.threshold) }
    return best.flatMap { $0.truePositives > 0 ? $0 : nil }
  }

  private func rates(_ threshold: Double, hits: Int, of boxes: Int, _ index: Int?) -> Rates {
    let truths = index.map { truthCounts[$0][0] } ?? truthCounts.reduce(0) { $0 + $1[0] }
    return Rates(
      threshold: threshold, truePositives: hits, falsePositives: boxes - hits,
      missed: truths - hits)
  }

  /// How often boxes are right, by their score.
  public var calibration: Calibration {
    var calibration = Calibration()
    for outcome in outcomes(of: nil) {
      calibration.add(confidence: Float(outcome.score), isRight: outcome.isRight)
    }
    return calibration
  }

  /// The counted boxes by falling score.
  private func outcomes(of index: Int?) -> [(score: Double, isRight: Bool)] {
    let outcomes = index.map { matched[$0] } ?? Array(matched.joined())
    return outcomes.filter { $0.isIgnored[0] & 1 == 0 }.map {
      (score: $0.score, isRight: $0.isMatched[0] & 1 != 0)
    }.sorted { $0.score > $1.score }
  }
}

/// The number with the fewest decimals near the middle of a range without its upper end. Scores are
/// float32, and so is what they are compared with.
private func shortest(from low: Double, below high: Double) -> Double {
  let middle = low + (high - low) / 2
  for digits in 2...7 {
    let power = pow(10, Double(digits))
    let rounded = (middle * power).rounded() / power
    if Float(rounded) >= Float(low), Float(rounded) < Float(high) { return rounded }
  }
  return low
}
