/// The cheapest cut of a grid of pixels, each joined with its eight neighbours, between a source and a
/// sink, by the algorithm of Boykov and Kolmogorov (PAMI 2004): two trees grow from the terminals until
/// they meet, and what a full arc cuts off is adopted or set free.
///
/// ```swift
/// var cut = GridCut(width: 2, height: 1)
/// cut.join(0, toSource: 9, toSink: 1)
/// cut.join(1, toSource: 2, toSink: 3)
/// cut.join(0, .right, by: 4)
/// cut.solved()                  // [true, true]: cutting pixel 1 from the sink costs less
/// ```
public struct GridCut {
  /// A neighbour of a pixel. Opposite directions differ in the last bit.
  public enum Direction: Int, CaseIterable, Sendable {
    case right, left, down, up, downRight, upLeft, downLeft, upRight

    var step: (x: Int, y: Int) {
      switch self {
      case .right: (1, 0)
      case .left: (-1, 0)
      case .down: (0, 1)
      case .up: (0, -1)
      case .downRight: (1, 1)
      case .upLeft: (-1, -1)
      case .downLeft: (-1, 1)
      case .upRight: (1, -1)
      }
    }
  }

  public let width, height: Int
  /// With a border of one pixel, whose arcs are empty.
  private let stride: Int
  private let steps: [Int]
  /// What an arc can still carry: eight for each pixel.
  private var room: [Int]
  /// What still comes from the source, or below zero goes to the sink.
  private var terminal: [Int]
  private var tree: [Tree]
  /// The direction of the parent, or one of the marks below.
  private var parent: [Int8]
  private var distance: [Int32]
  private var time: [Int32]
  private var now: Int32 = 0
  private var active: [Int32] = []
  private var isActive: [Bool]
  private var orphans: [Int] = []

  private enum Tree { case free, source, sink }
  private static let root: Int8 = 8
  private static let orphan: Int8 = 9
  private static let none: Int8 = 10

  public init(width: Int, height: Int) {
    (self.width, self.height, stride) = (width, height, width + 2)
    let count = stride * (height + 2)
    let stride = stride
    steps = Direction.allCases.map { $0.step.y * stride + $0.step.x }
    room = Array(repeating: 0, count: 8 * count)
    terminal = Array(repeating: 0, count: count)
    tree = Array(repeating: .free, count: count)
    parent = Array(repeating: Self.none, count: count)
    distance = Array(repeating: 0, count: count)
    time = Array(repeating: 0, count: count)
    isActive = Array(repeating: false, count: count)
  }

  private func place(_ pixel: Int) -> Int { (pixel / width + 1) * stride + pixel % width + 1 }

  /// What it costs to cut a pixel from each side.
  public mutating func join(_ pixel: Int, toSource source: Int, toSink sink: Int) {
    terminal[place(pixel)] += source - sink
  }

  /// What it costs to separate a pixel from a neighbour, which lies within the grid.
  public mutating func join(_ pixel: Int, _ direction: Direction, by cost: Int) {
    let (here, way) = (place(pixel), direction.rawValue)
    room[8 * here + way] += cost
    room[8 * (here + steps[way]) + (way ^ 1)] += cost
  }

  /// Whether each pixel stays with the source.
  public mutating func solved() -> [Bool] {
    for pixel in terminal.indices where terminal[pixel] != 0 {
      tree[pixel] = terminal[pixel] > 0 ? .source : .sink
      (parent[pixel], distance[pixel]) = (Self.root, 1)
      activate(pixel)
    }
    var next = 0
    while next < active.count {
      let pixel = Int(active[next])
      if tree[pixel] != .free, let bridge = grown(from: pixel) {
        now += 1
        augment(bridge.pixel, bridge.way)
        adoptOrphans()
        continue  // The pixel may have more neighbours of the other tree.
      }
      isActive[pixel] = false
      next += 1
      if next > 1 << 16, next > active.count / 2 {
        active.removeFirst(next)
        next = 0
      }
    }
    return (0..<width * height).map { tree[place($0)] == .source }
  }

  private mutating func activate(_ pixel: Int) {
    guard !isActive[pixel] else { return }
    isActive[pixel] = true
    active.append(Int32(truncatingIfNeeded: pixel))
  }

  /// What can flow from a tree's pixel to its neighbour: away from the source, towards the sink.
  private func flow(_ pixel: Int, _ way: Int, in tree: Tree) -> Int {
    tree == .source ? room[8 * pixel + way] : room[8 * (pixel + steps[way]) + (way ^ 1)]
  }

  /// Takes free neighbours into the tree; an arc from the source's tree to the sink's, if one is met.
  private mutating func grown(from pixel: Int) -> (pixel: Int, way: Int)? {
    let own = tree[pixel]
    for way in 0..<8 where flow(pixel, way, in: own) > 0 {
      let neighbour = pixel + steps[way]
      if tree[neighbour] == .free {
        tree[neighbour] = own
        adopt(neighbour, by: pixel, way)
        activate(neighbour)
      } else if tree[neighbour] != own {
        return own == .source ? (pixel, way) : (neighbour, way ^ 1)
      } else if time[neighbour] <= time[pixel], distance[neighbour] > distance[pixel] + 1 {
        adopt(neighbour, by: pixel, way)
      }
    }
    return nil
  }

  private mutating func adopt(_ neighbour: Int, by pixel: Int, _ way: Int) {
    parent[neighbour] = Int8(way ^ 1)
    (time[neighbour], distance[neighbour]) = (time[pixel], distance[pixel] + 1)
  }

  /// Sends as much as possible over the path through an arc.
  private mutating func augment(_ pixel: Int, _ way: Int) {
    let other = pixel + steps[way]
    var most = room[8 * pixel + way]
    var place = pixel
    while parent[place] != Self.root {
      let up = Int(parent[place])
      place += steps[up]
      most = min(most, room[8 * place + (up ^ 1)])
    }
    most = min(most, terminal[place])
    place = other
    while parent[place] != Self.root {
      let up = Int(parent[place])
      most = min(most, room[8 * place + up])
      place += steps[up]
    }
    most = min(most, -terminal[place])

    room[8 * pixel + way] -= most
    room[8 * other + (way ^ 1)] += most
    place = pixel
    while parent[place] != Self.root {
      let up = Int(parent[place])
      let above = place + steps[up]
      room[8 * place + up] += most
      room[8 * above + (up ^ 1)] -= most
      if room[8 * above + (up ^ 1)] == 0 { orphan(place) }
      place = above
    }
    terminal[place] -= most
    if terminal[place] == 0 { orphan(place) }
    place = other
    while parent[place] != Self.root {
      let up = Int(parent[place])
      let above = place + steps[up]
      room[8 * above + (up ^ 1)] += most
      room[8 * place + up] -= most
      if room[8 * place + up] == 0 { orphan(place) }
      place = above
    }
    terminal[place] += most
    if terminal[place] == 0 { orphan(place) }
  }

  private mutating func orphan(_ pixel: Int) {
    parent[pixel] = Self.orphan
    orphans.append(pixel)
  }

  private mutating func adoptOrphans() {
    var next = 0
    while next < orphans.count {
      let pixel = orphans[next]
      next += 1
      let own = tree[pixel]
      var (nearest, best) = (Int32.max, Self.none)
      for way in 0..<8 {
        let neighbour = pixel + steps[way]
        guard tree[neighbour] == own, flow(neighbour, way ^ 1, in: own) > 0,
          let length = distanceToRoot(neighbour), length < nearest
        else { continue }
        (nearest, best) = (length, Int8(way))
      }
      if best != Self.none {
        parent[pixel] = best
        (time[pixel], distance[pixel]) = (now, nearest + 1)
        continue
      }
      for way in 0..<8 {
        let neighbour = pixel + steps[way]
        guard tree[neighbour] == own else { continue }
        if flow(neighbour, way ^ 1, in: own) > 0 { activate(neighbour) }
        if parent[neighbour] == Int8(way ^ 1) { orphan(neighbour) }
      }
      (tree[pixel], parent[pixel]) = (.free, Self.none)
    }
    orphans.removeAll(keepingCapacity: true)
  }

  /// Nil if its root is an orphan. Distances that are known to be right are marked with the time.
  private mutating func distanceToRoot(_ pixel: Int) -> Int32? {
    var (place, length) = (pixel, Int32(0))
    while true {
      if time[place] == now {
        length += distance[place]
        break
      }
      length += 1
      if parent[place] == Self.root {
        (time[place], distance[place]) = (now, 1)
        break
      }
      guard parent[place] < Self.root else { return nil }
      place += steps[Int(parent[place])]
    }
    var rest = length
    place = pixel
    while time[place] != now {
      (time[place], distance[place]) = (now, rest)
      rest -= 1
      place += steps[Int(parent[place])]
    }
    return length
  }
}
