import ZooKit

/// Fits a few anchor shapes to the boxes of a data set: k-means with 1 − IoU of concentric boxes as
/// the distance (Redmon and Farhadi 2016, arXiv:1612.08242, section 2, “dimension clusters”).
///
/// ```swift
/// let anchors = ShapeClusters.anchors(6, of: boxes.map { [$0.width, $0.height] })
/// ```
public enum ShapeClusters {
  /// Intersection over union of two concentric boxes.
  public static func overlap(_ a: SIMD2<Float>, _ b: SIMD2<Float>) -> Float {
    let shared = min(a.x, b.x) * min(a.y, b.y)
    let union = a.x * a.y + b.x * b.y - shared
    return union > 0 ? shared / union : 0
  }

  /// How well the anchors fit: the mean over all shapes of the overlap with the nearest anchor.
  public static func fit(_ anchors: [SIMD2<Float>], _ shapes: [SIMD2<Float>]) -> Float {
    guard !shapes.isEmpty else { return 0 }
    let sum = shapes.reduce(0.0) { sum, shape in
      sum + Double(anchors.map { overlap($0, shape) }.max() ?? 0)
    }
    return Float(sum / Double(shapes.count))
  }

  /// - Parameters:
  ///   - count: the number of anchors; there are fewer if there are fewer different shapes.
  ///   - shapes: width and height of every box; empty boxes are ignored.
  ///   - seed: the seed of the initial choice.
  /// - Returns: the anchors by area, the smallest first.
  public static func anchors(
    _ count: Int, of shapes: [SIMD2<Float>], seed: UInt64 = 0
  ) -> [SIMD2<Float>] {
    let shapes = shapes.filter { $0.x > 0 && $0.y > 0 && $0.x.isFinite && $0.y.isFinite }
    guard count > 0, !shapes.isEmpty else { return [] }
    var anchors = start(count, shapes, Random(seed: seed))
    var members = [Int](repeating: -1, count: shapes.count)
    for _ in 0..<300 {
      let nearest = shapes.map { shape in
        anchors.indices.max { overlap(anchors[$0], shape) < overlap(anchors[$1], shape) } ?? 0
      }
      if nearest == members { break }
      members = nearest
      var sums = anchors.map { _ in SIMD3<Double>.zero }
      for (shape, member) in zip(shapes, members) {
        sums[member] += [Double(shape.x), Double(shape.y), 1]
      }
      for (index, sum) in sums.enumerated() where sum.z > 0 {
        anchors[index] = [Float(sum.x / sum.z), Float(sum.y / sum.z)]
      }
    }
    return anchors.sorted { $0.x * $0.y < $1.x * $1.y }
  }

  /// k-means++: each next centre is chosen with a probability that grows with its distance from
  /// those already chosen (Arthur and Vassilvitskii 2007).
  private static func start(_ count: Int, _ shapes: [SIMD2<Float>], _ random: Random)
    -> [SIMD2<Float>]
  {
    var chosen = [shapes[random.below(shapes.count, 0)]]
    while chosen.count < count {
      let distances = shapes.map { shape in
        let distance = 1 - (chosen.map { overlap($0, shape) }.max() ?? 0)
        return Double(distance * distance)
      }
      let sum = distances.reduce(0, +)
      guard sum > 0 else { break }
      var left = Double(random.uniform(chosen.count)) * sum
      let next = distances.firstIndex { distance in
        left -= distance
        return left < 0
      }
      chosen.append(shapes[next ?? shapes.count - 1])
    }
    return chosen
  }
}
