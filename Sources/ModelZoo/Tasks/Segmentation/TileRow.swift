import ZooKit

/// The tiles along one side, and the weight of each of their positions.
struct TileRow {
  /// The start of each tile's map.
  let starts: [Int]
  /// The length of the maps.
  let map: Int
  /// The weights of each tile's positions; those of all tiles sum to 1.
  let shares: [[Float]]

  /// - Parameters:
  ///   - count: the length of the side.
  ///   - longest: the largest length of a map.
  init(_ count: Int, _ tiling: Tiling, longest: Int) {
    let side = tiling.side(for: min(count, longest))
    let map = side - 2 * tiling.margin
    self.map = map
    guard count > map else {
      starts = [0]
      shares = [[Float](repeating: 1, count: map)]
      return
    }
    // The strip that a tile's border affects is taken from its neighbour as far as affordable, and
    // the rest is blended. Tiles are aligned to the grid of the coarsest map, so that all see the
    // same positions.
    let unsure = min(tiling.reach, map / 8)
    let blended = tiling.reach == 0 ? 0 : max(1, map / 16)
    let advance = max(1, (map - 2 * unsure - blended) / tiling.step) * tiling.step
    let last = (count - map + tiling.step - 1) / tiling.step * tiling.step
    let starts = Array(stride(from: 0, to: last, by: advance)) + [last]
    let weights = starts.map { start in
      (0..<map).map { place -> Float in
        let before = start == 0 ? .max : place
        let behind = start == last ? .max : map - 1 - place
        let inside = min(before, behind)
        guard blended > 0, inside < unsure + blended else { return 1 }
        return inside < unsure ? 0 : (Float(inside - unsure) + 0.5) / Float(blended)
      }
    }
    var sums = [Float](repeating: 0, count: last + map)
    for (start, weights) in zip(starts, weights) {
      for (place, weight) in weights.enumerated() { sums[start + place] += weight }
    }
    self.starts = starts
    shares = zip(starts, weights).map { start, weights in
      weights.enumerated().map { $1 / sums[start + $0] }
    }
  }
}
