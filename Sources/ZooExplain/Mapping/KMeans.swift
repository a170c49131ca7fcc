import Glibc
import ZooKit

/// Rows of numbers in groups around their means (Lloyd 1982), the best of several starts.
///
/// ```swift
/// let groups = try KMeans(of: rows, clusters: 10, seed: 7)
/// groups.labels[0]            // the group of the first row
/// groups.inertia              // the sum of squared distances to the means
/// ```
/// Starts are drawn by k-means++ (Arthur and Vassilvitskii 2007), each centre the best of a few draws, as
/// in scikit-learn. The same seed gives the same groups on any number of threads.
public struct KMeans: Sendable {
  public let centres: [[Float]]
  /// The group of each row. Groups are numbered by size, the largest first.
  public let labels: [Int]
  public let inertia: Double
  /// Of the best start; 0 if it moved until the last iteration allowed.
  public let iterations: Int

  /// The rows in each group.
  public var sizes: [Int] {
    labels.reduce(into: [Int](repeating: 0, count: centres.count)) { $0[$1] += 1 }
  }

  /// - Parameters:
  ///   - rows: N×D.
  ///   - clusters: how many groups, N at most. Some are empty if fewer rows are different.
  ///   - starts: how many times to begin anew.
  ///   - most: iterations of a start.
  ///   - seed: draws the starts.
  public init(
    of rows: Tensor, clusters: Int, starts: Int = 10, iterations most: Int = 300, seed: UInt64
  ) throws {
    guard rows.shape.rank == 2, 1...max(1, rows.shape[0]) ~= clusters else {
      throw ZooError.usage("\(clusters) clusters of \(rows.shape.sizes.first ?? 0) rows")
    }
    let points = Points(rows)
    let random = Random(seed: seed).key("k-means")
    var best: Solution?
    for start in 0..<max(1, starts) {
      let found = points.solution(
        from: points.spread(clusters, random.key(start)), most: most)
      if found.inertia < best?.inertia ?? .infinity { best = found }
    }
    guard let best else { throw ZooError.corrupt("k-means: a row has a number that is not finite") }
    let counts = best.labels.reduce(into: [Int](repeating: 0, count: clusters)) { $0[$1] += 1 }
    let order = counts.indices.sorted { (-counts[$0], $0) < (-counts[$1], $1) }
    var ranks = order
    for (rank, cluster) in order.enumerated() { ranks[cluster] = rank }
    centres = order.map { best.centres[$0].map { Float($0) } }
    labels = best.labels.map { ranks[$0] }
    inertia = best.inertia
    iterations = best.iterations
  }

  /// How much nearer a row is to its own group than to the next: the mean over all rows of (b − a) /
  /// max(a, b), where a is the mean distance to the others of its group and b the smallest mean distance
  /// to those of another (Rousseeuw 1987). Nil with fewer than two groups, or with as many as rows.
  ///
  /// Of more than `most` rows, as many at even intervals are used.
  public func silhouette(of rows: Tensor, most: Int = 10_000) -> Double? {
    let all = Points(rows)
    let step = max(1, (all.count + most - 1) / most)
    let chosen = Array(stride(from: 0, to: all.count, by: step))
    let labels = chosen.map { self.labels[$0] }
    let sizes = labels.reduce(into: [Int](repeating: 0, count: centres.count)) { $0[$1] += 1 }
    let used = sizes.count { $0 > 0 }
    guard used > 1, used < chosen.count else { return nil }
    var values = [Double](repeating: 0, count: chosen.count)
    values.withUnsafeMutableBufferPointer { values in
      // Safe to share: each element is written by one thread.
      nonisolated(unsafe) let values = values
      Threads.split(chosen.count, cost: chosen.count * all.width) { range in
        for place in range where sizes[labels[place]] > 1 {
          var sums = [Double](repeating: 0, count: sizes.count)
          for (other, row) in chosen.enumerated() {
            sums[labels[other]] += all.squaredDistance(chosen[place], row).squareRoot()
          }
          let own = labels[place]
          let inside = sums[own] / Double(sizes[own] - 1)
          let outside = sizes.indices.filter { $0 != own && sizes[$0] > 0 }
            .map { sums[$0] / Double(sizes[$0]) }.min()
          guard let outside, max(inside, outside) > 0 else { continue }
          values[place] = (outside - inside) / max(inside, outside)
        }
      }
    }
    return values.reduce(0, +) / Double(chosen.count)
  }
}

private struct Solution {
  var centres: [[Double]]
  var labels: [Int]
  var inertia: Double
  var iterations: Int
}

/// Rows in float64, padded with zeros for vector instructions.
private struct Points {
  let count, width: Int
  private let padded: Int
  private let values: [SIMD8<Double>]

  init(_ rows: Tensor) {
    let (count, width) = (rows.shape[0], rows.shape[1])
    let padded = (width + 7) / 8
    values = rows.withValues { rows in
      (0..<count * padded).map { place in
        let (row, block) = (place / padded, place % padded)
        var eight = SIMD8<Double>()
        for lane in 0..<min(8, width - 8 * block) {
          eight[lane] = Double(rows[row * width + 8 * block + lane])
        }
        return eight
      }
    }
    (self.count, self.width, self.padded) = (count, width, padded)
  }

  func squaredDistance(_ a: Int, _ b: Int) -> Double {
    values.withUnsafeBufferPointer { values in
      var sum = SIMD8<Double>()
      for block in 0..<padded {
        let difference = values[a * padded + block] - values[b * padded + block]
        sum += difference * difference
      }
      return sum.sum()
    }
  }

  private func squaredDistance(_ row: Int, to centre: UnsafeBufferPointer<SIMD8<Double>>) -> Double
  {
    values.withUnsafeBufferPointer { values in
      var sum = SIMD8<Double>()
      for block in 0..<padded {
        let difference = values[row * padded + block] - centre[block]
        sum += difference * difference
      }
      return sum.sum()
    }
  }

  /// One row after another: each is drawn with a chance in proportion to its squared distance from those
  /// before it, and of a few drawn, the one that leaves the smallest sum of these is taken.
  func spread(_ clusters: Int, _ random: Random) -> [Int] {
    let trials = 2 + Int(log(Double(clusters)))
    var chosen = [random.below(count, 0)]
    var nearest = (0..<count).map { squaredDistance($0, chosen[0]) }
    for cluster in 1..<max(1, clusters) {
      let total = nearest.reduce(0, +)
      guard total > 0, total.isFinite else {
        // All rows are already chosen, or equal to one that is.
        chosen.append(random.below(count, cluster))
        continue
      }
      var best: (row: Int, left: [Double], total: Double)?
      for trial in 0..<trials {
        var rest = Double(random.uniform(1000 + cluster * trials + trial)) * total
        let row = nearest.firstIndex { distance in
          rest -= distance
          return rest < 0
        }
        let candidate = row ?? nearest.indices.max { nearest[$0] < nearest[$1] } ?? 0
        let left = distances(to: candidate, atMost: nearest)
        let sum = left.reduce(0, +)
        if sum < best?.total ?? .infinity { best = (candidate, left, sum) }
      }
      guard let best else { break }
      chosen.append(best.row)
      nearest = best.left
    }
    return chosen
  }

  private func distances(to row: Int, atMost limits: [Double]) -> [Double] {
    var limits = limits
    limits.withUnsafeMutableBufferPointer { limits in
      // Safe to share: each element is written by one thread.
      nonisolated(unsafe) let limits = limits
      Threads.split(count, cost: width) { range in
        for other in range { limits[other] = min(limits[other], squaredDistance(other, row)) }
      }
    }
    return limits
  }

  /// Moves centres to the means of their rows until no row changes its group.
  func solution(from chosen: [Int], most: Int) -> Solution {
    var centres = chosen.flatMap { values[$0 * padded..<($0 + 1) * padded] }
    var labels = [Int](repeating: -1, count: count)
    var iterations = 0
    for iteration in 1...max(1, most) {
      let (next, distances) = assigned(centres)
      let isSettled = next == labels
      labels = next
      if isSettled {
        iterations = iteration
        break
      }
      centres = means(labels, distances, clusters: chosen.count)
    }
    let (last, distances) = assigned(centres)
    return Solution(
      centres: (0..<chosen.count).map { cluster in
        (0..<width).map { centres[cluster * padded + $0 / 8][$0 % 8] }
      }, labels: last, inertia: distances.reduce(0, +), iterations: iterations)
  }

  private func assigned(_ centres: [SIMD8<Double>]) -> (labels: [Int], distances: [Double]) {
    var labels = [Int](repeating: 0, count: count)
    var distances = [Double](repeating: 0, count: count)
    let clusters = centres.count / padded
    labels.withUnsafeMutableBufferPointer { labels in
      distances.withUnsafeMutableBufferPointer { distances in
        centres.withUnsafeBufferPointer { centres in
          // Safe to share: each row is written by one thread.
          nonisolated(unsafe) let (labels, distances) = (labels, distances)
          nonisolated(unsafe) let centres = centres
          Threads.split(count, cost: clusters * width) { range in
            for row in range {
              var best = (cluster: 0, distance: Double.infinity)
              for cluster in 0..<clusters {
                let centre = UnsafeBufferPointer(
                  rebasing: centres[cluster * padded..<(cluster + 1) * padded])
                let distance = squaredDistance(row, to: centre)
                if distance < best.distance { best = (cluster, distance) }
              }
              (labels[row], distances[row]) = best
            }
          }
        }
      }
    }
    return (labels, distances)
  }

  /// A group that lost all its rows gets the row that is farthest from its own centre.
  private func means(_ labels: [Int], _ distances: [Double], clusters: Int) -> [SIMD8<Double>] {
    var sums = [SIMD8<Double>](repeating: .init(), count: clusters * padded)
    var sizes = [Int](repeating: 0, count: clusters)
    func move(_ row: Int, _ cluster: Int, _ sign: Double) {
      sizes[cluster] += sign > 0 ? 1 : -1
      for block in 0..<padded {
        sums[cluster * padded + block] += sign * values[row * padded + block]
      }
    }
    for (row, label) in labels.enumerated() { move(row, label, 1) }
    let empty = sizes.indices.filter { sizes[$0] == 0 }
    if !empty.isEmpty {
      let far = distances.indices.sorted { (-distances[$0], $0) < (-distances[$1], $1) }
      for (cluster, row) in zip(empty, far) where sizes[labels[row]] > 1 {
        move(row, labels[row], -1)
        move(row, cluster, 1)
      }
    }
    for cluster in 0..<clusters where sizes[cluster] > 0 {
      for block in 0..<padded { sums[cluster * padded + block] /= Double(sizes[cluster]) }
    }
    return sums
  }
}
