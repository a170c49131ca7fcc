extension Canvas {
  /// Fills a path, each pixel as far as the path covers it. Contours that turn the same way add
  /// up, and one that turns the other way inside another is a hole.
  ///
  /// Every edge adds its signed area to the pixels it passes, and their sum from the left is the
  /// coverage: the winding number's mean over the pixel, exact for any polygon that does not
  /// cross itself within one. Pixels that no edge passes are found by a bitmap, not looked at:
  /// a large outline costs what its lines cost.
  public func fill(_ path: Path, _ colour: Colour) {
    guard let contours = path.reachable else { return }
    var edges = Edges(width: Double(width), height: Double(height))
    for contour in contours {
      for index in contour.indices {
        edges.add(contour[index], contour[index + 1 < contour.count ? index + 1 : 0])
      }
    }
    edges.all.sort { $0.top.y < $1.top.y }
    var row = AreaRow(width: width)
    var active: [Edge] = []
    var next = 0
    var y = 0
    while next < edges.all.count || !active.isEmpty {
      if active.isEmpty { y = max(y, Int(edges.all[next].top.y)) }
      guard y < height else { return }
      while next < edges.all.count, edges.all[next].top.y < Double(y + 1) {
        active.append(edges.all[next])
        next += 1
      }
      for edge in active { row.add(edge, Double(y)) }
      row.drain { columns, coverage in blend(columns, of: y, coverage, colour) }
      y += 1
      active.removeAll { $0.bottom.y <= Double(y) }
    }
  }

  /// The line around a rectangle, within it.
  public func outline(
    _ frame: Frame, lineWidth: Double, radius: Double = 0, _ colour: Colour
  ) {
    var ring = Path.rectangle(frame, radius: radius)
    let hole = frame.inset(by: lineWidth)
    if hole.width > 0, hole.height > 0 {
      ring.contours += Path.rectangle(hole, radius: radius - lineWidth).contours
        .map { $0.reversed() }
    }
    fill(ring, colour)
  }
}

/// Part of a contour from top to bottom, whichever way it ran.
private struct Edge {
  let top, bottom: Path.Point
  /// 1 where it ran down.
  let winding: Double
}

/// The edges of a path within a picture. What is left of it counts where it leaves; what is right
/// of it covers nothing.
private struct Edges {
  let width, height: Double
  var all: [Edge] = []

  mutating func add(_ a: Path.Point, _ b: Path.Point) {
    guard a.y != b.y else { return }
    let (top, bottom) = a.y < b.y ? (a, b) : (b, a)
    let slope = (bottom.x - top.x) / (bottom.y - top.y)
    // Split at the picture's borders, so that each part is on one side of them.
    var cuts = [max(top.y, 0), min(bottom.y, height)]
    guard cuts[0] < cuts[1] else { return }
    for border in [0, width] where (top.x < border) != (bottom.x < border) {
      let y = top.y + (border - top.x) / slope
      if y > cuts[0], y < cuts[cuts.count - 1] { cuts.insert(y, at: cuts.count - 1) }
    }
    cuts.sort()
    for (y0, y1) in zip(cuts, cuts.dropFirst()) where y0 < y1 {
      let x0 = min(max(top.x + (y0 - top.y) * slope, 0), width)
      let x1 = min(max(top.x + (y1 - top.y) * slope, 0), width)
      all.append(Edge(top: [x0, y0], bottom: [x1, y1], winding: a.y < b.y ? 1 : -1))
    }
  }
}

/// Changes of coverage along one row of pixels.
private struct AreaRow {
  private let width: Int
  private var changes: [Double]
  private var touched: [UInt64]

  init(width: Int) {
    self.width = width
    changes = Array(repeating: 0, count: width + 2)
    touched = Array(repeating: 0, count: width / 64 + 1)
  }

  private mutating func add(_ change: Double, at x: Int) {
    guard x < width else { return }
    changes[x] += change
    touched[x / 64] |= 1 << UInt64(x % 64)
  }

  mutating func add(_ edge: Edge, _ y: Double) {
    let y0 = max(edge.top.y, y)
    let y1 = min(edge.bottom.y, y + 1)
    guard y1 > y0 else { return }
    let slope = (edge.bottom.x - edge.top.x) / (edge.bottom.y - edge.top.y)
    let ends = (edge.top.x + (y0 - edge.top.y) * slope, edge.top.x + (y1 - edge.top.y) * slope)
    let left = min(max(min(ends.0, ends.1), 0), Double(width))
    let right = min(max(max(ends.0, ends.1), left), Double(width))
    let drop = (y1 - y0) * edge.winding
    // The mean, over the part of the edge that is left of a border, of how far it is from it.
    // A pixel's area is the difference between its borders.
    func area(leftOf border: Double) -> Double {
      if border >= right { return border - (left + right) / 2 }
      if border <= left { return 0 }
      return (border - left) * (border - left) / (2 * (right - left))
    }
    var last = 0.0
    var lastArea = 0.0
    for x in Int(left)...min(Int(right) + 1, width) {
      let area = area(leftOf: Double(x + 1))
      let covered = area - lastArea
      add((covered - last) * drop, at: x)
      (last, lastArea) = (covered, area)
    }
  }

  /// Hands over the stretches of equal coverage and forgets them.
  mutating func drain(_ body: (Range<Int>, Double) -> Void) {
    var sum = 0.0
    var start = 0
    for word in touched.indices {
      while touched[word] != 0 {
        let x = 64 * word + touched[word].trailingZeroBitCount
        touched[word] &= touched[word] &- 1
        if x > start, abs(sum) > 1e-6 { body(start..<x, min(abs(sum), 1)) }
        sum += changes[x]
        changes[x] = 0
        start = x
      }
    }
    if width > start, abs(sum) > 1e-6 { body(start..<width, min(abs(sum), 1)) }
  }
}
