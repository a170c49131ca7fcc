extension Canvas {
  /// Draws along a path with a round pen.
  public func stroke(_ path: Path, width: Double, _ colour: Colour) {
    guard let contours = path.reachable, width > 0 else { return }
    stroke(contours.flatMap { Segment.chain($0, radius: min(width, 1e9) / 2) }, colour)
  }

  /// Segments drawn as one: a pixel is covered as far as the nearest of them covers it, so that
  /// nothing shows where they meet or cross, not even under a colour one can look through.
  func stroke(_ segments: [Segment], _ colour: Colour) {
    let segments = segments.sorted { $0.top < $1.top }
    var coverage = [Double](repeating: 0, count: width)
    var active: [Segment] = []
    var next = 0
    var y = 0
    while next < segments.count || !active.isEmpty {
      if active.isEmpty { y = max(y, Int(max(segments[next].top, 0))) }
      guard y < height else { return }
      while next < segments.count, segments[next].top < Double(y + 1) {
        active.append(segments[next])
        next += 1
      }
      active.removeAll { $0.bottom <= Double(y) }
      var seen: Range<Int>?
      for segment in active {
        guard let columns = segment.columns(of: y, width: width) else { continue }
        for x in columns {
          coverage[x] = max(coverage[x], segment.coverage([Double(x) + 0.5, Double(y) + 0.5]))
        }
        let old = seen ?? columns
        seen = min(old.lowerBound, columns.lowerBound)..<max(old.upperBound, columns.upperBound)
      }
      for x in seen ?? 0..<0 where coverage[x] > 0 {
        blend(x..<x + 1, of: y, coverage[x], colour)
        coverage[x] = 0
      }
      y += 1
    }
  }
}

/// A line drawn with a round pen; a dot where it ends where it began.
struct Segment {
  let a, b: Path.Point
  let radius: Double

  static func chain(_ points: [Path.Point], radius: Double) -> [Segment] {
    points.count == 1
      ? [Segment(a: points[0], b: points[0], radius: radius)]
      : zip(points, points.dropFirst()).map { Segment(a: $0, b: $1, radius: radius) }
  }

  /// As far as it can be seen: the edge of the pen fades over one pixel.
  private var reach: Double { radius + 0.5 }
  var top: Double { min(a.y, b.y) - reach }
  var bottom: Double { max(a.y, b.y) + reach }

  /// A strip of a pixel's width across the pen's edge stands for the pixel.
  @inline(__always)
  func coverage(_ point: Path.Point) -> Double {
    let along = b - a
    let toPoint = point - a
    let square = (along * along).sum()
    let share = square > 0 ? min(max((toPoint * along).sum() / square, 0), 1) : 0
    let off = toPoint - share * along
    // A pen thinner than a pixel covers no pixel wholly.
    return min(max(reach - (off * off).sum().squareRoot(), 0), min(2 * radius, 1))
  }

  /// The pixels of a row that it may cover.
  func columns(of row: Int, width: Int) -> Range<Int>? {
    var (left, right) = (min(a.x, b.x), max(a.x, b.x))
    let rise = b.y - a.y
    if abs(rise) > 1e-9 {
      // Only the part that comes near enough to the row.
      let middle = Double(row) + 0.5
      func x(_ y: Double) -> Double { a.x + (b.x - a.x) * min(max((y - a.y) / rise, 0), 1) }
      let ends = (x(middle - reach), x(middle + reach))
      (left, right) = (min(ends.0, ends.1), max(ends.0, ends.1))
    }
    let first = Int(max(left - reach, 0))
    let last = Int(min(right + reach + 1, Double(width)))
    return first < last ? first..<last : nil
  }
}
