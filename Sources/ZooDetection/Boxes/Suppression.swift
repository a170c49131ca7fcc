/// Of boxes that lie on one another, only the surest.
public enum Suppression {
  /// Up to so many boxes, groups are kept apart by moving them (see below).
  static let moved = 1000

  /// Greedy non-maximum suppression: the surest box stays, whatever overlaps it by more than the
  /// threshold goes, and so on.
  ///
  /// Boxes of different groups (classes, levels of a pyramid) do not touch each other. As
  /// torchvision's `batched_nms` does it, up to a thousand boxes the groups are moved apart by an
  /// offset, which rounds their coordinates, and beyond that each group goes by itself: the rounding
  /// decides close calls, and published results were made with it.
  /// - Parameters:
  ///   - boxes: where.
  ///   - scores: how sure; equal ones keep their order.
  ///   - groups: what belongs together; all of them where nil.
  ///   - threshold: how much two boxes may overlap, as intersection over union.
  /// - Returns: the indices of the boxes that stay, the surest first.
  public static func greedy(
    _ boxes: [Box], scores: [Float], groups: [Int]? = nil, threshold: Double
  ) -> [Int] {
    let order = sorted(scores)
    guard let groups else { return greedy(boxes, order, threshold) }
    if boxes.count <= moved {
      let step = (boxes.map { max($0.x0, $0.y0, $0.x1, $0.y1) }.max() ?? 0) + 1
      let apart = zip(boxes, groups).map { box, group in
        let offset = Float(group) * step
        return Box(box.x0 + offset, box.y0 + offset, box.x1 + offset, box.y1 + offset)
      }
      return greedy(apart, order, threshold)
    }
    let members = Dictionary(grouping: order, by: { groups[$0] })
    var stays = Array(repeating: false, count: boxes.count)
    for group in members.values {
      for index in greedy(boxes, group, threshold) { stays[index] = true }
    }
    return order.filter { stays[$0] }
  }

  /// The indices by falling score; equal scores keep their order, and what is not a number is last.
  static func sorted(_ scores: [Float]) -> [Int] {
    let keys = scores.map { $0.isNaN ? -Float.infinity : $0 }
    return scores.indices.sorted { keys[$0] == keys[$1] ? $0 < $1 : keys[$0] > keys[$1] }
  }

  private static func greedy(_ boxes: [Box], _ order: [Int], _ threshold: Double) -> [Int] {
    let ordered = order.map { boxes[$0] }
    let areas = ordered.map(\.area)
    // The largest quotient that does not exceed the threshold, so that floats can be compared.
    var limit = Float(threshold)
    if Double(limit) > threshold { limit = limit.nextDown }
    var gone = Array(repeating: false, count: order.count)
    var kept: [Int] = []
    for (i, box) in ordered.enumerated() where !gone[i] {
      kept.append(order[i])
      for j in i + 1..<max(i + 1, ordered.count) where !gone[j] {
        let shared = box.intersection(ordered[j])
        // No union, no overlap: 0/0 is not more than any threshold.
        if shared / (areas[i] + areas[j] - shared) > limit { gone[j] = true }
      }
    }
    return kept
  }
}
