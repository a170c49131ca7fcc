import Glibc

extension Suppression {
  /// How a box loses score to a surer one that it overlaps.
  public enum Decay: Hashable, Sendable {
    /// By its overlap, beyond a threshold.
    case linear(threshold: Float)
    /// By exp(−overlap² / σ).
    case gaussian(sigma: Float)
  }

  /// What becomes of a box that a surer one of its class overlaps.
  public enum Rule: String, Sendable, CaseIterable {
    /// It goes where the overlap is more than allowed.
    case hard
    /// It loses score, by a Gaussian of σ = 0.5 of the overlap.
    case soft
  }

  /// Soft suppression (Bodla et al. 2017, arXiv:1704.04503): overlapping boxes lose score instead of
  /// going, so that of two things that stand before one another both can be found.
  /// - Parameters:
  ///   - boxes: where.
  ///   - scores: how sure.
  ///   - groups: what belongs together; all of them where nil.
  ///   - decay: how much score is lost.
  ///   - minimum: what has less goes.
  ///   - limit: how many may stay.
  /// - Returns: what stays, with its new score, the surest first.
  public static func soft(
    _ boxes: [Box], scores: [Float], groups: [Int]? = nil, decay: Decay = .gaussian(sigma: 0.5),
    minimum: Float = 0.001, limit: Int = .max
  ) -> [(index: Int, score: Float)] {
    var scores = scores
    var left = boxes.indices.filter { scores[$0] >= minimum }
    var kept: [(index: Int, score: Float)] = []
    // Scores only fall: nothing that comes later is surer.
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
  /// What soft suppression leaves of each class, the surest first.
  /// - Parameters:
  ///   - score: what is not surer than this afterwards goes.
  ///   - limit: how many may stay.
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
