import TestSupport
import Testing
import ZooExplain
import ZooKit
import ZooVision

@Suite struct GrabCutTests {
  /// No cut of a small grid with random costs is cheaper than the one that is found.
  @Test(arguments: 0..<20) func cutsAreCheapest(round: Int) throws {
    let (width, height) = (4, 3)
    let random = Random(seed: 7).key(round)
    let terminals = (0..<width * height).map {
      (source: random.below(20, 2 * $0), sink: random.below(20, 2 * $0 + 1))
    }
    var arcs: [(pixel: Int, other: Int, way: GridCut.Direction, cost: Int)] = []
    for pixel in 0..<width * height {
      let (x, y) = (pixel % width, pixel / width)
      for (way, right, down) in [
        (GridCut.Direction.right, 1, 0), (.down, 0, 1), (.downRight, 1, 1), (.downLeft, -1, 1),
      ] where 0..<width ~= x + right && y + down < height {
        let other = (y + down) * width + x + right
        arcs.append((pixel, other, way, random.below(8, 100 + arcs.count)))
      }
    }
    func cost(_ isSource: (Int) -> Bool) -> Int {
      let sides = terminals.enumerated().reduce(0) {
        $0 + (isSource($1.offset) ? $1.element.sink : $1.element.source)
      }
      return arcs.reduce(sides) { $0 + (isSource($1.pixel) == isSource($1.other) ? 0 : $1.cost) }
    }
    var cut = GridCut(width: width, height: height)
    for (pixel, ends) in terminals.enumerated() {
      cut.join(pixel, toSource: ends.source, toSink: ends.sink)
    }
    for arc in arcs { cut.join(arc.pixel, arc.way, by: arc.cost) }
    let found = cut.solved()
    let best = (0..<1 << (width * height)).map { mask in cost { mask >> $0 & 1 == 1 } }.min()
    #expect(cost { found[$0] } == best)
  }

  /// A textured disc on textured ground, of which the map shows a spot.
  @Test func objectIsCutOut() throws {
    let (width, height) = (120, 90)
    let random = Random(seed: 3)
    func isObject(_ pixel: Int) -> Bool {
      let (x, y) = (Double(pixel % width) - 70, Double(pixel / width) - 40)
      return x * x + y * y < 26 * 26
    }
    let pixels = (0..<width * height).flatMap { pixel -> [UInt8] in
      let noise = random.uniform(pixel) * 60
      return isObject(pixel)
        ? [UInt8(150 + noise), UInt8(90 + noise / 2), 60]
        : [60, UInt8(110 + noise), UInt8(90 + noise)]
    }
    let picture = try Picture(width: width, height: height, channels: 3, pixels: pixels)
    // High in a part of the disc, falling away from it.
    let map = (0..<width * height).map { pixel -> Float? in
      let (x, y) = (Float(pixel % width) - 62, Float(pixel / width) - 34)
      return 1 / (1 + (x * x + y * y) / 400)
    }
    let mask = try GrabCut().mask(of: picture, seededBy: map)
    let both = mask.indices.filter { mask[$0] && isObject($0) }.count
    let either = mask.indices.filter { mask[$0] || isObject($0) }.count
    #expect(Double(both) / Double(either) > 0.97, "IoU \(Double(both) / Double(either))")
    #expect(try GrabCut().mask(of: picture, seededBy: map) == mask)
  }

  @Test func flatMapShowsNothing() throws {
    let picture = try Picture(width: 8, height: 8, channels: 3)
    for map in [[Float?](repeating: 0.5, count: 64), Array(repeating: nil, count: 64)] {
      let error = #expect(throws: ZooError.self) {
        try GrabCut().mask(of: picture, seededBy: map)
      }
      #expect(error?.kind == .corrupt)
    }
  }
}
