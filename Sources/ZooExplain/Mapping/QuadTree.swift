import ZooKit

/// Points of the plane in nested squares, so that far ones act together (Barnes and Hut 1986).
///
/// Nodes are stored in the order of a walk, each with the place where the walk goes on if it need not go
/// deeper.
package struct QuadTree {
  private struct Node {
    /// The mean of the points.
    var centre = SIMD2<Double>()
    var count = 0.0
    /// The square of the side.
    var area = 0.0
    /// The node after this one's last descendant.
    var next = 0
    /// Positions in `order`.
    var points = 0..<0
    var isLeaf = false
  }

  private var nodes: [Node] = []
  /// The points along a curve on which neighbours are near (Morton 1966).
  package private(set) var order: [Int] = []
  /// Squares are halved at most this many times.
  private static let depth = 30

  package init() {}

  /// Replaces the points. Built anew for every step of an optimisation, so memory is kept, and the old
  /// order, which is nearly the new one, is where sorting begins.
  package mutating func build(_ points: [SIMD2<Double>]) {
    if order.count != points.count { order = Array(points.indices) }
    var (low, high) = (points.first ?? .zero, points.first ?? .zero)
    for point in points {
      low = pointwiseMin(low, point)
      high = pointwiseMax(high, point)
    }
    let side = max((high - low).max(), .leastNormalMagnitude) * (1 + 1e-9)
    let cells = Double(1 << Self.depth) / side
    let last = Double(1 << Self.depth - 1)
    let codes = points.map { point -> UInt64 in
      let cell = pointwiseMin((point - low) * cells, .init(repeating: last))
      return UInt64(cell.x).spread | UInt64(cell.y).spread << 1
    }
    order.sort { (codes[$0], $0) < (codes[$1], $1) }
    let sorted = order.map { codes[$0] }
    nodes.removeAll(keepingCapacity: true)
    add(0..<points.count, side, points, sorted)
  }

  private mutating func add(
    _ range: Range<Int>, _ side: Double, _ points: [SIMD2<Double>], _ codes: [UInt64]
  ) {
    guard let first = range.first, let last = range.last else { return }
    // Squares in which all points are in the same quarter are skipped.
    let different = codes[first] ^ codes[last]
    let level = different == 0 ? Self.depth : Self.depth - (65 - different.leadingZeroBitCount) / 2
    let place = nodes.count
    let width = side / Double(1 << level)
    nodes.append(Node())
    var sum = SIMD2<Double>()
    if different == 0 {
      for position in range { sum += points[order[position]] }
    } else {
      let shift = UInt64(2 * (Self.depth - level - 1))
      var start = first
      for quarter in 0..<4 as Range<UInt64> {
        var end = start
        while end < range.upperBound, codes[end] >> shift & 3 == quarter { end += 1 }
        let child = nodes.count
        add(start..<end, side, points, codes)
        if end > start { sum += nodes[child].centre * nodes[child].count }
        start = end
      }
    }
    nodes[place] = Node(
      centre: sum / Double(range.count), count: Double(range.count), area: width * width,
      next: nodes.count, points: range, isLeaf: different == 0)
  }

  /// The sums over all other points of q and of q² (y − other), where q = 1 / (1 + |y − other|²) and y is
  /// the point at a position of the order. A square acts as one point if its side is less than `angle`
  /// times its distance.
  package func repulsion(at position: Int, of point: SIMD2<Double>, angle: Double) -> (
    sum: Double, force: SIMD2<Double>
  ) {
    nodes.withUnsafeBufferPointer { nodes in
      let limit = angle * angle
      var (sum, force) = (0.0, SIMD2<Double>())
      var place = 0
      while place < nodes.count {
        let node = nodes[place]
        let away = point - node.centre
        let square = (away * away).sum()
        guard node.isLeaf || node.area < limit * square else {
          place += 1
          continue
        }
        let count = node.isLeaf && node.points.contains(position) ? node.count - 1 : node.count
        let q = 1 / (1 + square)
        sum += count * q
        force += count * q * q * away
        place = node.next
      }
      return (sum, force)
    }
  }
}

extension UInt64 {
  /// The lower 32 bits with a zero before each.
  fileprivate var spread: UInt64 {
    var bits = self & 0xFFFF_FFFF
    bits = (bits | bits << 16) & 0x0000_FFFF_0000_FFFF
    bits = (bits | bits << 8) & 0x00FF_00FF_00FF_00FF
    bits = (bits | bits << 4) & 0x0F0F_0F0F_0F0F_0F0F
    bits = (bits | bits << 2) & 0x3333_3333_3333_3333
    return (bits | bits << 1) & 0x5555_5555_5555_5555
  }
}
