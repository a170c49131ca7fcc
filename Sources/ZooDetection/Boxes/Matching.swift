/// Which box of the truth each anchor or proposal stands for (torchvision's `Matcher`).
public struct Matching: Hashable, Sendable {
  /// At least this overlap is a match.
  public var high: Float
  /// Below this one it is background; between the two it does not count.
  public var low: Float
  /// Every box of the truth also takes the anchors that overlap it most, however little: else some
  /// would be learned from nothing (Ren et al. 2015, arXiv:1506.01497, section 3.1.2).
  public var takesBest: Bool

  public init(high: Float, low: Float, takesBest: Bool = false) {
    self.high = high
    self.low = low
    self.takesBest = takesBest
  }

  public enum Match: Hashable, Sendable {
    case truth(Int)
    case background
    /// Neither: left out of the loss.
    case between

    /// Which box of the truth it is.
    public var truth: Int? {
      if case .truth(let index) = self { return index }
      return nil
    }
  }

  /// One for each box. Without truth everything is background.
  public func matches(of boxes: [Box], to truth: [Box]) -> [Match] {
    guard !truth.isEmpty else { return Array(repeating: .background, count: boxes.count) }
    var best = Array(repeating: (truth: 0, overlap: -Float.infinity), count: boxes.count)
    // Of each box of the truth, the largest overlap that any box has with it.
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
      // A box of the truth that nothing overlaps is best overlapped, by nothing, everywhere.
      if takesBest, overlap > 0,
        truth.indices.contains(where: {
          largest[$0] > 0 && boxes[index].iou(truth[$0]) == largest[$0]
        })
      {
        // Not the one it is the best for, but the one that it overlaps most: as torchvision has it.
        return .truth(candidate)
      }
      return overlap < low ? .background : .between
    }
  }
}
