import ZooKit

/// The tiles along one side, and how much each of their places counts.
struct TileRow {
  /// Where the map of each begins.
  let starts: [Int]
  /// How long the maps are.
  let map: Int
  /// For each tile the share of each of its places; those of all tiles sum to 1.
  let shares: [[Float]]

  /// - Parameters:
  ///   - count: how long the side is.
  ///   - longest: how long a map may be.
  init(_ count: Int, _ tiling: Tiling, longest: Int) {
    let side = tiling.side(for: min(count, longest))
    let map = side - 2 * tiling.margin
    self.map = map
    guard count > map else {
      starts = [0]
      shares = [[Float](repeating: 1, count: map)]
      return
    }
    // What a tile's border disturbs is left to its neighbour as far as that is affordable, and the
    // rest is blended. Tiles lie on the grid of the coarsest map, so that all see the same places.
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
