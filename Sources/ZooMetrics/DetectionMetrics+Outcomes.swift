extension DetectionMetrics {
  /// What became of a found box, as a table of predictions spells it.
  public enum BoxOutcome: String, Sendable {
    case truePositive = "TP"
    case falsePositive = "FP"
    /// Its true box is a crowd or marked difficult.
    case ignored
    case belowThreshold = "below threshold"
  }

  /// The outcome of every found box of one picture, and the true boxes that none of them matches. The
  /// sums over all pictures are those of ``rates(above:of:)``.
  /// - Returns: an outcome for each found box, and indices of true boxes.
  public static func outcomes(of found: [Found], truth: [Truth], above threshold: Double) -> (
    found: [BoxOutcome], missed: [Int]
  ) {
    var outcomes = found.map { _ in BoxOutcome.belowThreshold }
    var missed = Set(truth.indices.filter { !truth[$0].isCrowd && !truth[$0].isDifficult })
    let seen = found.indices.filter { found[$0].score > threshold }
    for index in Set(seen.map { found[$0].classIndex }) {
      let mine = seen.filter { found[$0].classIndex == index }
      let there = truth.indices.filter { truth[$0].classIndex == index }
      let matching = Matching(truth: there.map { truth[$0] })
      for (place, match) in matching.matches(of: mine.map { found[$0] }) {
        guard let match else {
          outcomes[mine[place]] = .falsePositive
          continue
        }
        let isCounted = missed.remove(there[match]) != nil
        outcomes[mine[place]] = isCounted ? .truePositive : .ignored
      }
    }
    return (outcomes, missed.sorted())
  }
}
