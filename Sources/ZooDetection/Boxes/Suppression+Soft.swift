import Glibc

extension Suppression {
  /// How a box loses score to a surer one that it overlaps.
  public enum Decay: Hashable, Sendable {
    /// By its overlap, beyond a threshold.
    case linear(threshold: Float)
    /// By exp(−overlap² / σ).
    case gaussian(sigma: Float)
  }

  /// Soft suppression (Bodla et al. 2017, arXiv:1704.04503): overlapping boxes lose score instead of
  /// going, so that of two things that stand before one another both can be found.
  /// - Returns: what stays, with its new score, the surest first.
  public static func soft(
    _ boxes: [Box], scores: [Float], groups: [Int]? = nil, decay: Decay = .gaussian(sigma: 0.5),
    minimum: Float = 0.001
  ) -> [(index: Int, score: Float)] {
    var scores = scores
    var left = boxes.indices.filter { scores[$0] >= minimum }
    var kept: [(index: Int, score: Float)] = []
    while let best = left.max(by: { (scores[$0], $1) < (scores[$1], $0) }) {
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
