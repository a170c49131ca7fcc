import Glibc

extension Box {
  /// The area that two boxes share.
  public func intersection(_ other: Box) -> Float {
    let width = max(0, min(x1, other.x1) - max(x0, other.x0))
    let height = max(0, min(y1, other.y1) - max(y0, other.y0))
    return width * height
  }

  /// Intersection over union, from 0 to 1; 0 of two boxes without an area.
  public func iou(_ other: Box) -> Float {
    let shared = intersection(other)
    let union = area + other.area - shared
    return union > 0 ? shared / union : 0
  }

  /// The smallest box around both.
  public func hull(_ other: Box) -> Box {
    Box(min(x0, other.x0), min(y0, other.y0), max(x1, other.x1), max(y1, other.y1))
  }

  /// Generalised (Rezatofighi et al. 2019, arXiv:1902.09630): minus the share of the hull that
  /// belongs to neither, so that boxes apart from each other still have a direction. In (−1, 1].
  public func giou(_ other: Box) -> Float {
    let shared = intersection(other)
    let union = area + other.area - shared
    let hull = hull(other).area
    return iou(other) - (hull > 0 ? (hull - union) / hull : 0)
  }

  /// With distance (Zheng et al. 2019, arXiv:1911.08287): minus the squared distance of the
  /// centres over the squared diagonal of the hull.
  public func diou(_ other: Box) -> Float {
    let hull = hull(other)
    let diagonal = hull.width * hull.width + hull.height * hull.height
    let (dx, dy) = ((x0 + x1 - other.x0 - other.x1) / 2, (y0 + y1 - other.y0 - other.y1) / 2)
    return iou(other) - (diagonal > 0 ? (dx * dx + dy * dy) / diagonal : 0)
  }

  /// Complete (the same paper): DIoU minus how much the aspects differ, weighted by how far the
  /// boxes agree already.
  public func ciou(_ other: Box) -> Float {
    let difference = atan2(other.width, other.height) - atan2(width, height)
    let v = 4 / (Float.pi * Float.pi) * difference * difference
    let weight = 1 - iou(other) + v
    return diou(other) - (weight > 0 ? v / weight * v : 0)
  }
}
