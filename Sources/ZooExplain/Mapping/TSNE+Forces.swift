import Glibc
import ZooKit

/// How near each row is to its neighbours: pᵢⱼ of van der Maaten and Hinton, for the pairs of which one
/// is among the other's nearest.
struct Neighbourhoods {
  /// Where each row's pairs begin.
  let starts: [Int]
  let others: [Int]
  let weights: [Double]

  init(of rows: Tensor, perplexity: Double) throws {
    let count = rows.shape[0]
    let most = min(count - 1, Int(3 * perplexity + 1))
    let nearest = try NearestRows(rows, by: .l2)
      .nearest(most, toRows: 0..<count) { _ in 0..<count }
    var pairs = [[(other: Int, weight: Double)]](repeating: [], count: count)
    for (row, found) in nearest.enumerated() {
      let shares = Self.shares(found.map { $0.distance * $0.distance }, perplexity)
      for (match, share) in zip(found, shares) {
        pairs[row].append((match.row, share))
        pairs[match.row].append((row, share))
      }
    }
    var (starts, others, weights) = ([0], [Int](), [Double]())
    for pair in pairs {
      for (other, weight) in pair.sorted(by: { $0.other < $1.other }) {
        // A pair occurs twice if each is among the other's nearest.
        if others.count > starts[starts.count - 1], others[others.count - 1] == other {
          weights[weights.count - 1] += weight
        } else {
          others.append(other)
          weights.append(weight)
        }
      }
      starts.append(others.count)
    }
    let total = weights.reduce(0, +)
    (self.starts, self.others) = (starts, others)
    self.weights = weights.map { $0 / total }
  }

  /// Falling with the square of the distance as fast as gives them the perplexity.
  private static func shares(_ squares: [Double], _ perplexity: Double) -> [Double] {
    let nearest = squares.min() ?? 0
    let wanted = log(perplexity)
    var (beta, low, high) = (1.0, 0.0, Double.infinity)
    var shares = squares
    for _ in 0..<100 {
      // Less the smallest, which changes no share, so that not all of them vanish.
      shares = squares.map { exp(-beta * ($0 - nearest)) }
      let total = shares.reduce(0, +)
      let mean = zip(shares, squares).reduce(0) { $0 + $1.0 * ($1.1 - nearest) } / total
      shares = shares.map { $0 / total }
      let excess = log(total) + beta * mean - wanted
      if abs(excess) < 1e-5 { break }
      if excess > 0 {
        low = beta
        beta = high == .infinity ? beta * 2 : (beta + high) / 2
      } else {
        high = beta
        beta = (beta + low) / 2
      }
    }
    return shares
  }
}

/// The gradient of the divergence.
struct Forces {
  private let neighbours: Neighbourhoods
  private let angle: Double
  private var tree = QuadTree()

  init(_ neighbours: Neighbourhoods, angle: Double) {
    (self.neighbours, self.angle) = (neighbours, angle)
  }

  mutating func gradients(at points: [SIMD2<Double>], exaggeration: Double) -> [SIMD2<Double>] {
    let (repulsions, total) = repulsions(at: points)
    var gradients = repulsions
    gradients.withUnsafeMutableBufferPointer { gradients in
      // Safe to share: each element is written by one thread.
      nonisolated(unsafe) let gradients = gradients
      Threads.split(points.count, cost: 4 * neighbours.others.count / max(1, points.count)) {
        range in
        for index in range {
          var attraction = SIMD2<Double>()
          for pair in neighbours.starts[index]..<neighbours.starts[index + 1] {
            let away = points[index] - points[neighbours.others[pair]]
            attraction += neighbours.weights[pair] / (1 + (away * away).sum()) * away
          }
          gradients[index] = 4 * (exaggeration * attraction - gradients[index] / total)
        }
      }
    }
    return gradients
  }

  mutating func divergence(at points: [SIMD2<Double>]) -> Double {
    let total = repulsions(at: points).total
    var sum = 0.0
    for index in points.indices {
      for pair in neighbours.starts[index]..<neighbours.starts[index + 1] {
        let away = points[index] - points[neighbours.others[pair]]
        let near = 1 / (1 + (away * away).sum()) / total
        let weight = neighbours.weights[pair]
        if weight > 0 { sum += weight * log(weight / max(near, .leastNormalMagnitude)) }
      }
    }
    return sum
  }

  private mutating func repulsions(at points: [SIMD2<Double>]) -> (
    forces: [SIMD2<Double>], total: Double
  ) {
    tree.build(points)
    var forces = [SIMD2<Double>](repeating: .zero, count: points.count)
    var sums = [Double](repeating: 0, count: points.count)
    forces.withUnsafeMutableBufferPointer { forces in
      sums.withUnsafeMutableBufferPointer { sums in
        // Safe to share: each element is written by one thread.
        nonisolated(unsafe) let (forces, sums) = (forces, sums)
        Threads.split(points.count, cost: 1024) { range in
          for position in range {
            let index = tree.order[position]
            (sums[index], forces[index]) = tree.repulsion(
              at: position, of: points[index], angle: angle)
          }
        }
      }
    }
    return (forces, max(sums.reduce(0, +), .leastNormalMagnitude))
  }
}
