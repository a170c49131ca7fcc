/// Assigns a ground-truth box to each anchor or proposal (torchvision's `Matcher`).
public struct Matching: Hashable, Sendable {
  /// An overlap of at least this is a match.
  public var high: Float
  /// Below this overlap it is background; between the two it is ignored.
  public var low: Float
  /// Whether every true box also takes the anchors that overlap it most, however little. Otherwise
  /// some boxes would have no positive anchor (Ren et al. 2015, arXiv:1506.01497, section 3.1.2).
  public var takesBest: Bool

  public init(high: Float, low: Float, takesBest: Bool = false) {
    self.high = high
    self.low = low
    self.takesBest = takesBest
  }

  public enum Match: Hashable, Sendable {
    case truth(Int)
    case background
    /// Neither: ignored by the loss.
    case between

    /// The index of the true box.
    public var truth: Int? {
      if case .truth(let index) = self { return index }
      return nil
    }
  }

  /// One match per box. Without true boxes everything is background.
  public func matches(of boxes: [Box], to truth: [Box]) -> [Match] {
    guard !truth.isEmpty else { return Array(repeating: .background, count: boxes.count) }
    var best = Array(repeating: (truth: 0, overlap: -Float.infinity), count: boxes.count)
    // For each true box, its largest overlap with any box.
    var largest = Array(repeating: -Float.infinity, count: truth.count)
    for (index, box) in boxes.enumerated() {
      for (candidate, other) in truth.enumerated() {
        let overlap = box.iou(other)
        if overlap > best[index].overlap { best[index] = (candidate, overlap) }
        largest[candidate] = max(largest[candidate], overlap)
      }
    }
    return boxes.indices.map { index in
      let (candidate, overlap) = best[index]
      if overlap >= high { return .truth(candidate) }
      // Skip true boxes that nothing overlaps: every box would be their best match.
      if takesBest, overlap > 0,
        truth.indices.contains(where: {
          largest[$0] > 0 && boxes[index].iou(truth[$0]) == largest[$0]
        })
      {
        // The true box that it overlaps most, not the one for which it is the best: as in
        // torchvision.
        return .truth(candidate)
      }
      return overlap < low ? .background : .between
    }
  }
}
