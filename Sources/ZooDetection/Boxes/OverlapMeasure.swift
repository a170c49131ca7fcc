import Glibc

/// A measure of how well two boxes overlap, with its gradient for the corners of the first, in
/// float64. Box losses are made from it.
///
/// ```swift
/// let (value, gradient) = OverlapMeasure.ciou.measure([10, 10, 30, 40], with: [12, 8, 33, 41])
/// ```
public enum OverlapMeasure: String, Sendable, CaseIterable {
  case iou
  /// IoU minus the share of the hull that belongs to neither box (Rezatofighi et al. 2019,
  /// arXiv:1902.09630).
  case giou
  /// IoU minus the squared distance of the centres over the squared diagonal of the hull (Zheng et
  /// al. 2019, arXiv:1911.08287).
  case diou
  /// DIoU minus the difference of the aspects, weighted by how well the boxes already agree; the
  /// weight itself has no gradient (the same paper, equation 11).
  case ciou

  /// Keeps quotients of empty boxes finite.
  static let epsilon = 1e-7

  /// - Parameters:
  ///   - box: corners x0, y0, x1, y1.
  ///   - other: the target box.
  /// - Returns: the measure, and its gradient for the corners of the box.
  public func measure(_ box: SIMD4<Double>, with other: SIMD4<Double>)
    -> (value: Double, gradient: SIMD4<Double>)
  {
    let epsilon = OverlapMeasure.epsilon
    let (width, height) = (box.z - box.x, box.w - box.y)
    let (otherWidth, otherHeight) = (other.z - other.x, other.w - other.y)
    let across = Span(box.x, box.z, other.x, other.z)
    let down = Span(box.y, box.w, other.y, other.w)

    let shared = across.shared * down.shared
    let sharedSlope = SIMD4(
      across.sharedSlope.x * down.shared, down.sharedSlope.x * across.shared,
      across.sharedSlope.y * down.shared, down.sharedSlope.y * across.shared)
    let union = width * height + otherWidth * otherHeight - shared + epsilon
    let unionSlope = SIMD4(-height, -width, height, width) - sharedSlope
    let iou = shared / union
    let iouSlope = (sharedSlope - iou * unionSlope) / union
    if self == .iou { return (iou, iouSlope) }

    if self == .giou {
      let hull = across.hull * down.hull + epsilon
      let hullSlope = SIMD4(
        across.hullSlope.x * down.hull, down.hullSlope.x * across.hull,
        across.hullSlope.y * down.hull, down.hullSlope.y * across.hull)
      // (hull − union) / hull
      let slope = (union / hull * hullSlope - unionSlope) / hull
      return (iou - (hull - union) / hull, iouSlope - slope)
    }

    let diagonal = across.hull * across.hull + down.hull * down.hull + epsilon
    let diagonalSlope =
      2
      * SIMD4(
        across.hullSlope.x * across.hull, down.hullSlope.x * down.hull,
        across.hullSlope.y * across.hull, down.hullSlope.y * down.hull)
    let (dx, dy) = (
      (box.x + box.z - other.x - other.z) / 2, (box.y + box.w - other.y - other.w) / 2
    )
    let distance = (dx * dx + dy * dy) / diagonal
    let diouSlope = iouSlope - (SIMD4(dx, dy, dx, dy) - distance * diagonalSlope) / diagonal
    if self == .diou { return (iou - distance, diouSlope) }

    let turn = atan2(otherWidth, otherHeight) - atan2(width, height)
    let aspect = 4 / (Double.pi * Double.pi) * turn * turn
    let weight = aspect / (1 - iou + aspect + epsilon)
    let slope =
      8 / (Double.pi * Double.pi) * turn / max(width * width + height * height, epsilon)
      * SIMD4(height, -width, -height, width)
    return (iou - distance - weight * aspect, diouSlope - weight * slope)
  }

  /// Two boxes along one axis: their intersection, their hull, and the derivatives of both for the
  /// ends of the first.
  private struct Span {
    let shared, hull: Double
    let sharedSlope, hullSlope: SIMD2<Double>

    init(_ start: Double, _ end: Double, _ otherStart: Double, _ otherEnd: Double) {
      /// If two ends are equal, each has half of the derivative.
      func isLess(_ a: Double, _ b: Double) -> Double { a < b ? 1 : a == b ? 0.5 : 0 }
      let length = min(end, otherEnd) - max(start, otherStart)
      shared = max(length, 0)
      sharedSlope =
        length >= 0 ? [-isLess(otherStart, start), isLess(end, otherEnd)] : [0, 0]
      hull = max(end, otherEnd) - min(start, otherStart)
      hullSlope = [-isLess(start, otherStart), isLess(otherEnd, end)]
    }
  }
}
