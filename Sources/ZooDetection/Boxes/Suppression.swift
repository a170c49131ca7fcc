/// Keeps only the most confident of overlapping boxes.
public enum Suppression {
  /// Up to this number of boxes, groups are separated by an offset (see below).
  static let moved = 1000

  /// Greedy non-maximum suppression: keeps the box with the highest score, removes every box that
  /// overlaps it by more than the threshold, and repeats.
  ///
  /// Boxes of different groups (classes, levels of a pyramid) do not affect each other. As in
  /// torchvision's `batched_nms`, up to a thousand boxes the groups are separated by adding an
  /// offset, which rounds their coordinates; above that each group is processed alone. The rounding
  /// decides close calls, and published results depend on it.
  /// - Parameters:
  ///   - boxes: the boxes.
  ///   - scores: their scores; equal ones keep their order.
  ///   - groups: boxes of different groups do not affect each other; nil means one group.
  ///   - threshold: the largest allowed overlap, as intersection over union.
  /// - Returns: the indices of the remaining boxes, the highest score first.
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

  /// The indices by falling score. Equal scores keep their order, and NaN is last.
  static func sorted(_ scores: [Float]) -> [Int] {
    let keys = scores.map { $0.isNaN ? -Float.infinity : $0 }
    return scores.indices.sorted { keys[$0] == keys[$1] ? $0 < $1 : keys[$0] > keys[$1] }
  }

  private static func greedy(_ boxes: [Box], _ order: [Int], _ threshold: Double) -> [Int] {
    let ordered = order.map { boxes[$0] }
    let areas = ordered.map(\.area)
    // The largest float that does not exceed the threshold, so that floats can be compared.
    var limit = Float(threshold)
    if Double(limit) > threshold { limit = limit.nextDown }
    var gone = Array(repeating: false, count: order.count)
    var kept: [Int] = []
    for (i, box) in ordered.enumerated() where !gone[i] {
      kept.append(order[i])
      for j in i + 1..<max(i + 1, ordered.count) where !gone[j] {
        let shared = box.intersection(ordered[j])
        // An empty union is no overlap: 0/0 does not exceed any threshold.
        if shared / (areas[i] + areas[j] - shared) > limit { gone[j] = true }
      }
    }
    return kept
  }
}
