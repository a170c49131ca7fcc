import Glibc

extension Box {
  /// The area that two boxes share.
  public func intersection(_ other: Box) -> Float {
    let width = max(0, min(x1, other.x1) - max(x0, other.x0))
    let height = max(0, min(y1, other.y1) - max(y0, other.y0))
    return width * height
  }

  /// Intersection over union, from 0 to 1; 0 for two empty boxes.
  public func iou(_ other: Box) -> Float {
    let shared = intersection(other)
    let union = area + other.area - shared
    return union > 0 ? shared / union : 0
  }

  /// The smallest box that contains both.
  public func hull(_ other: Box) -> Box {
    Box(min(x0, other.x0), min(y0, other.y0), max(x1, other.x1), max(y1, other.y1))
  }

  /// Generalised IoU (Rezatofighi et al. 2019, arXiv:1902.09630): IoU minus the share of the hull
  /// that belongs to neither box, so that disjoint boxes still have a gradient. In (−1, 1].
  public func giou(_ other: Box) -> Float {
    let shared = intersection(other)
    let union = area + other.area - shared
    let hull = hull(other).area
    return iou(other) - (hull > 0 ? (hull - union) / hull : 0)
  }

  /// Distance IoU (Zheng et al. 2019, arXiv:1911.08287): IoU minus the squared distance of the
  /// centres over the squared diagonal of the hull.
  public func diou(_ other: Box) -> Float {
    let hull = hull(other)
    let diagonal = hull.width * hull.width + hull.height * hull.height
    let (dx, dy) = ((x0 + x1 - other.x0 - other.x1) / 2, (y0 + y1 - other.y0 - other.y1) / 2)
    return iou(other) - (diagonal > 0 ? (dx * dx + dy * dy) / diagonal : 0)
  }

  /// Complete IoU (the same paper): DIoU minus the difference of the aspects, weighted by how well
  /// the boxes already agree.
  public func ciou(_ other: Box) -> Float {
    let difference = atan2(other.width, other.height) - atan2(width, height)
    let v = 4 / (Float.pi * Float.pi) * difference * difference
    let weight = 1 - iou(other) + v
    return diou(other) - (weight > 0 ? v / weight * v : 0)
  }
}
