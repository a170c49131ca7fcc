/// A score from which the answer is yes, and the rates it gives.
public struct Threshold: Hashable, Sendable {
  public let score: Float
  public let sensitivity, specificity, precision, f1: Double

  public enum Rule: String, Sendable, CaseIterable {
    /// The greatest sensitivity + specificity − 1 (Youden 1950).
    case youden
    /// The greatest F₁.
    case f1
  }
}

extension Ranking {
  /// The best threshold by a rule, the highest on ties. Nil without positives or without negatives.
  ///
  /// A threshold is fitted to the scores it was chosen on: choose it on one set and report results
  /// on another.
  public func threshold(by rule: Threshold.Rule) -> Threshold? {
    guard positives > 0, negatives > 0 else { return nil }
    let all = thresholds.indices.map(threshold(at:))
    let value: (Threshold) -> Double =
      switch rule {
      case .youden: { $0.sensitivity + $0.specificity }
      case .f1: { $0.f1 }
      }
    // `max` would return the last on ties.
    return all.dropFirst().reduce(all.first) { best, next in
      best.map { value(next) > value($0) ? next : $0 }
    }
  }

  private func threshold(at index: Int) -> Threshold {
    let (hits, misses) = (truePositives[index], falsePositives[index])
    return Threshold(
      score: thresholds[index],
      sensitivity: Double(hits) / Double(positives),
      specificity: Double(negatives - misses) / Double(negatives),
      precision: Double(hits) / Double(hits + misses),
      f1: 2 * Double(hits) / Double(hits + misses + positives))
  }
}
