import Foundation
import TestSupport
import Testing
import ZooExplain
import ZooKit

/// Components, groups and maps of the plane as scikit-learn finds them; `Tests/Golden/mapping/make.py`
/// wrote its results.
private struct Golden: Decodable {
  let components: [Components]
  let clusters: [Clusters]
  let plane: [Plane]

  struct Components: Decodable {
    let name: String
    let count, width, groups: Int
    let variances, shares: [Double]
    let directions, first: [[Double]]
  }

  struct Clusters: Decodable {
    let name: String
    let count, width, groups, clusters: Int
    let spread: Float
    let inertia, silhouette: Double
  }

  struct Plane: Decodable {
    let name: String
    let count, width, groups: Int
    let perplexity, divergence: Double
  }

  static let all: Golden = {
    let file = GoldenFile.folder.appending(path: "mapping/golden.json")
    return try! JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
  }()
}

/// Points around a few centres, with less noise along later axes.
private func rows(
  _ name: String, _ count: Int, _ width: Int, _ groups: Int, spread: Float = 1
) throws -> Tensor {
  try Tensor(
    [count, width],
    (0..<count * width).map { index in
      let (row, column) = (index / width, index % width)
      let noise = Formula.unit("\(name).noise", index) * (8 / (4 + Float(column)))
      return spread * Formula.unit("\(name).centre", row % groups * width + column) + noise
    })
}

@Suite(.serialized) struct MappingTests {
  @Test func componentsAreThoseOfScikitLearn() throws {
    for golden in Golden.all.components {
      let rows = try rows(golden.name, golden.count, golden.width, golden.groups)
      let most = golden.variances.count
      let found = try PrincipalComponents(of: rows, most: most)
      func isNear(_ found: [Double], _ expected: [Double]) -> Bool {
        found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 }
      }
      #expect(isNear(found.variances, golden.variances))
      #expect(isNear(found.shares, golden.shares))
      for (direction, expected) in zip(found.directions, golden.directions) {
        #expect(isNear(direction, expected))
      }
      let places = try found.coordinates(of: rows).values.map(Double.init)
      for (row, expected) in golden.first.enumerated() {
        #expect(isNear(Array(places[row * most..<(row + 1) * most]), expected))
      }
    }
  }

  @Test func groupsAreAsTightAsThoseOfScikitLearn() throws {
    for golden in Golden.all.clusters {
      let rows = try rows(
        golden.name, golden.count, golden.width, golden.groups, spread: golden.spread)
      let found = try KMeans(of: rows, clusters: golden.clusters, seed: 0)
      #expect(found.inertia <= golden.inertia * 1.005, "\(found.inertia) and \(golden.inertia)")
      #expect(found.sizes == found.sizes.sorted(by: >) && found.sizes.reduce(0, +) == golden.count)
      // The same groups, where there is one best way to make them.
      if golden.name == "apart" {
        #expect(abs(found.inertia - golden.inertia) < 1e-6 * golden.inertia)
        #expect(abs((found.silhouette(of: rows) ?? 0) - golden.silhouette) < 1e-6)
      }
    }
  }

  @Test func mapsFitAsWellAsThoseOfScikitLearn() throws {
    for golden in Golden.all.plane {
      let rows = try rows(golden.name, golden.count, golden.width, golden.groups)
      let found = try TSNE(of: rows, .init(perplexity: golden.perplexity))
      #expect(
        found.divergence <= golden.divergence * 1.02,
        "\(golden.name): \(found.divergence) and \(golden.divergence)")
    }
  }

  /// With an angle of 0 every point acts on its own.
  @Test func squaresOfPointsActLikeTheirPoints() throws {
    var points = (0..<400).map { index in
      SIMD2(Double(Formula.unit("x", index)), Double(Formula.unit("y", index)))
        * (index % 3 == 0 ? 40 : 4)
    }
    points[7] = points[8]
    var tree = QuadTree()
    tree.build(points)
    #expect(tree.order.sorted() == Array(points.indices))
    var (error, length) = (0.0, 0.0)
    for (position, index) in tree.order.enumerated() {
      var (sum, force) = (0.0, SIMD2<Double>.zero)
      for other in points.indices where other != index {
        let away = points[index] - points[other]
        let q = 1 / (1 + (away * away).sum())
        sum += q
        force += q * q * away
      }
      let exact = tree.repulsion(at: position, of: points[index], angle: 0)
      #expect(abs(exact.sum - sum) < 1e-9 * sum)
      #expect((exact.force - force).max() < 1e-9 && (force - exact.force).max() < 1e-9)
      let near = tree.repulsion(at: position, of: points[index], angle: 0.5)
      // A square's side is half of its distance at most, so its points are up to a quarter nearer or
      // farther; at first order this cancels around their mean.
      #expect(abs(near.sum - sum) < 0.25 * 0.25 * sum)
      let difference = near.force - force
      error += (difference * difference).sum()
      length += (force * force).sum()
    }
    #expect(error.squareRoot() < 0.02 * length.squareRoot())
    #expect(error > 0)
  }

  @Test func resultsDoNotDependOnTheNumberOfThreads() throws {
    let rows = try rows("groups", 500, 40, 4)
    let threads = Threads.count
    defer { Threads.count = threads }
    func all(_ threads: Int) throws -> ([Float], [Int], [SIMD2<Double>], Double) {
      Threads.count = threads
      let components = try PrincipalComponents(of: rows, most: 10)
      let places = try components.coordinates(of: rows)
      let groups = try KMeans(of: places, clusters: 6, seed: 3)
      let plane = try TSNE(of: places, .init(iterations: 260))
      return (
        places.values, groups.labels, plane.points,
        groups.inertia + plane.divergence + (groups.silhouette(of: places) ?? 0)
      )
    }
    let (one, three) = (try all(1), try all(3))
    #expect(one.0 == three.0 && one.1 == three.1 && one.2 == three.2 && one.3 == three.3)
  }

  @Test func equalRowsAreMapped() throws {
    let rows = try Tensor([12, 5], [Float](repeating: 3, count: 60))
    let components = try PrincipalComponents(of: rows, most: 50)
    #expect(components.totalVariance < 1e-20 && components.shares.allSatisfy { $0.isFinite })
    let groups = try KMeans(of: rows, clusters: 4, seed: 0)
    #expect(groups.inertia == 0 && groups.sizes.reduce(0, +) == 12)
    #expect(groups.silhouette(of: rows) == nil)
    let plane = try TSNE(of: rows)
    #expect(plane.points.allSatisfy { $0.x.isFinite && $0.y.isFinite } && plane.divergence.isFinite)
  }

  @Test func threeRowsAreMappedAndTwoAreNot() throws {
    let three = try TSNE(of: Tensor([3, 2], [0, 0, 0, 1, 9, 9]))
    let (a, b, c) = (three.points[0], three.points[1], three.points[2])
    func length(_ v: SIMD2<Double>) -> Double { (v * v).sum().squareRoot() }
    #expect(length(a - b) < length(a - c) && length(a - b) < length(b - c))
    #expect(throws: ZooError.self) { try TSNE(of: Tensor([2, 2], [0, 0, 0, 1])) }
    #expect(throws: ZooError.self) { try TSNE.perplexity(5, of: 5) }
    #expect(try TSNE.perplexity(4, of: 5) == 4 && TSNE.perplexity(nil, of: 1000) == 30)
    #expect(throws: ZooError.self) {
      try KMeans(of: Tensor([2, 1], [0, 1]), clusters: 3, seed: 0)
    }
  }

  /// What a comparison of all rows in float64 finds, ties included.
  @Test(arguments: NearestRows.Metric.allCases) func searchIsExact(_ metric: NearestRows.Metric)
    throws
  {
    let (count, width) = (1500, 37)
    var values = try rows("search", count, width, 7).values
    // Copies, a blank row, and rows that differ in the last bit.
    values.replaceSubrange(100 * width..<101 * width, with: values[50 * width..<51 * width])
    values.replaceSubrange(200 * width..<201 * width, with: repeatElement(0, count: width))
    values.replaceSubrange(300 * width..<301 * width, with: values[50 * width..<51 * width])
    values[300 * width] = values[300 * width].nextUp
    let table = try Tensor([count, width], values)
    let search = try NearestRows(table, by: metric)
    func distance(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
      let pairs = zip(a, b).map { (Double($0), Double($1)) }
      if metric == .l2 {
        return pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      }
      let product = pairs.reduce(0) { $0 + $1.0 * $1.1 }
      let squares = pairs.reduce((0, 0)) { ($0.0 + $1.0 * $1.0, $0.1 + $1.1 * $1.1) }
      guard squares.0 > 0, squares.1 > 0 else { return squares.0 == squares.1 ? 0 : 1 }
      return max(0, 1 - product / (squares.0 * squares.1).squareRoot())
    }
    let all = try search.nearest(9, toRows: 0..<count) { _ in 0..<count }
    for row in [0, 50, 100, 200, 300, 777, 1499] {
      let query = values[row * width..<(row + 1) * width]
      let expected = (0..<count).map { other in
        (other, distance(query, values[other * width..<(other + 1) * width]))
      }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }
      let found = try search.nearest(10, to: Array(query))
      for (match, (_, distance)) in zip(found, expected) {
        #expect(abs(match.distance - distance) < 1e-12)
      }
      if row == 50 || row == 100 { #expect(found.prefix(2).map(\.row) == [50, 100]) }
      let others = expected.filter { $0.0 != row }
      #expect(!all[row].contains { $0.row == row } && all[row].count == 9)
      for (match, (_, distance)) in zip(all[row], others) {
        #expect(abs(match.distance - distance) < 1e-12)
      }
    }
    #expect(try search.nearest(2000, to: Array(values.prefix(width))).count == count)
    #expect(throws: ZooError.self) { try search.nearest(1, to: [1]) }
    values[5] = .nan
    #expect(throws: ZooError.self) {
      try NearestRows(Tensor([count, width], values), by: metric)
    }
  }
}
