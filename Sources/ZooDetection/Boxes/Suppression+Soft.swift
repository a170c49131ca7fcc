import Glibc

extension Suppression {
  /// How overlap with a more confident box reduces a box's score.
  public enum Decay: Hashable, Sendable {
    /// In proportion to the overlap, above a threshold.
    case linear(threshold: Float)
    /// By exp(−overlap² / σ).
    case gaussian(sigma: Float)
  }

  /// The treatment of a box that a more confident box of its class overlaps.
  public enum Rule: String, Sendable, CaseIterable {
    /// Removed, if the overlap exceeds the threshold.
    case hard
    /// Its score is reduced, by a Gaussian of the overlap with σ = 0.5.
    case soft
  }

  /// Soft suppression (Bodla et al. 2017, arXiv:1704.04503): overlapping boxes lose score instead
  /// of being removed, so that two objects behind one another can both be found.
  /// - Parameters:
  ///   - boxes: the boxes.
  ///   - scores: their scores.
  ///   - groups: boxes of different groups do not affect each other; nil means one group.
  ///   - decay: how overlap reduces a score.
  ///   - minimum: boxes with a lower score are removed.
  ///   - limit: the maximum number of boxes.
  /// - Returns: the remaining boxes with their new scores, the highest first.
  public static func soft(
    _ boxes: [Box], scores: [Float], groups: [Int]? = nil, decay: Decay = .gaussian(sigma: 0.5),
    minimum: Float = 0.001, limit: Int = .max
  ) -> [(index: Int, score: Float)] {
    var scores = scores
    var left = boxes.indices.filter { scores[$0] >= minimum }
    var kept: [(index: Int, score: Float)] = []
    // Scores only fall, so no later box can have a higher score.
    while kept.count < limit, let best = left.max(by: { (scores[$0], $1) < (scores[$1], $0) }) {
      kept.append((best, scores[best]))
      left.removeAll { $0 == best }
      for index in left where groups.map({ $0[index] == $0[best] }) ?? true {
        let overlap = boxes[best].iou(boxes[index])
        switch decay {
        case .linear(let threshold): if overlap > threshold { scores[index] *= 1 - overlap }
        case .gaussian(let sigma): scores[index] *= exp(-overlap * overlap / sigma)
        }
      }
      left.removeAll { scores[$0] < minimum }
    }
    return kept
  }
}

extension [Detection] {
  /// The result of soft suppression within each class, the highest score first.
  /// - Parameters:
  ///   - score: boxes whose new score is not above this are removed.
  ///   - limit: the maximum number of boxes.
  public func softened(above score: Float, limit: Int) -> [Detection] {
    let classes = Dictionary(grouping: self, by: \.classIndex).sorted { $0.key < $1.key }
    let left = classes.flatMap { label, found in
      Suppression.soft(
        found.map(\.box), scores: found.map(\.score), minimum: score.nextUp, limit: limit
      ).map { Detection(found[$0.index].box, classIndex: label, score: $0.score) }
    }
    return Suppression.sorted(left.map(\.score)).prefix(limit).map { left[$0] }
  }
}
