import Glibc
import ZooKit

/// The distance of a picture's features from those of known pictures: Mahalanobis' distance to the
/// nearest class, with one covariance for all classes (Lee et al. 2018, equation 2).
///
/// Features come in groups, one for each layer that they are taken from, and each group is measured by
/// the square roots of its features and by its direction. The roots of features after a rectifier are
/// closer to normal than the features; the direction is what remains in networks without norms, where
/// unknown pictures have features near zero, closer to the mean of all classes than most known pictures
/// are. More than ``most`` features are folded: each is added, with a random sign, to one of so many
/// sums (Weinberger et al. 2009).
///
/// ```swift
/// let distance = try FeatureDistance(of: [early, late], labels: labels)
/// let isUnlike = try distance(to: [hers, his]) > FeatureDistance.threshold(known, falseAlarms: 0.02)
/// ```
public struct FeatureDistance: Sendable {
  /// The number of features that are measured one by one.
  public static let most = 256
  /// The share of the mean variance that is added to every variance, because few pictures do not
  /// determine a covariance.
  private static let shrinkage = 0.01

  /// The inverse of the covariance's Cholesky factor, which makes known features uncorrelated.
  public let whitening: Tensor
  /// The mean of each class that occurs, whitened: classes × measures.
  public let means: Tensor

  /// - Parameters:
  ///   - whitening: n×n, lower triangular.
  ///   - means: m×n.
  public init(whitening: Tensor, means: Tensor) throws {
    guard whitening.shape.rank == 2, means.shape.rank == 2,
      whitening.shape[0] == whitening.shape[1], means.shape[1] == whitening.shape[0],
      means.shape[0] > 0, whitening.shape[0] <= 2 * FeatureDistance.most
    else {
      throw ZooError.corrupt(
        "\(whitening.shape) and \(means.shape) are not a covariance and the means of classes")
    }
    (self.whitening, self.means) = (whitening, means)
  }

  /// - Parameters:
  ///   - groups: pictures × features of each group.
  ///   - labels: the class of each picture.
  public init(of groups: [Tensor], labels: [Int]) throws {
    let fits = groups.allSatisfy { $0.shape.rank == 2 && $0.shape[0] == labels.count }
    guard fits, !groups.isEmpty, labels.count > 1 else {
      throw ZooError.failure(
        "\(groups.map(\.shape)) features of \(labels.count) pictures have no distance")
    }
    let rows = labels.indices.map { row in
      FeatureDistance.measures(groups.map { $0.row(row) })
    }
    guard rows.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw ZooError.failure("a feature is not finite")
    }
    let count = rows[0].count
    let classes = Set(labels).sorted()
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    var sums = [[Double]](repeating: .init(repeating: 0, count: count), count: classes.count)
    var sizes = [Double](repeating: 0, count: classes.count)
    for (row, label) in zip(rows, labels) {
      guard let place = places[label] else { continue }
      sizes[place] += 1
      for index in 0..<count { sums[place][index] += row[index] }
    }
    let means = zip(sums, sizes).map { sum, size in sum.map { $0 / size } }
    var covariance = [Double](repeating: 0, count: count * count)
    for (row, label) in zip(rows, labels) {
      guard let place = places[label] else { continue }
      let centred = zip(row, means[place]).map { $0 - $1 }
      for i in 0..<count {
        let scale = centred[i]
        for j in 0...i { covariance[i * count + j] += scale * centred[j] }
      }
    }
    let total = Double(rows.count)
    let trace = (0..<count).reduce(0) { $0 + covariance[$1 * count + $1] } / total
    let ridge = max(FeatureDistance.shrinkage * trace / Double(count), 1e-12)
    for i in 0..<count {
      for j in 0...i { covariance[i * count + j] /= total }
      covariance[i * count + i] += ridge
    }
    let inverse = try LowerTriangle(factoring: covariance, count).inverse
    let whitening = try Tensor([count, count], inverse.map(Float.init))
    let white = whitening.withValues { matrix in means.map { whitened($0, by: matrix) } }
    self.whitening = whitening
    self.means = try Tensor([classes.count, count], white.flatMap { $0.map(Float.init) })
  }

  /// The distance of a picture's groups of features to the nearest class, about 1 for a known picture.
  public func callAsFunction(to groups: [[Float]]) throws -> Double {
    let measures = FeatureDistance.measures(groups)
    let count = whitening.shape[0]
    guard measures.count == count else {
      throw ZooError.corrupt(
        "\(groups.map(\.count)) features have \(measures.count) measures; the distance is for \(count)"
      )
    }
    let white = whitening.withValues { whitened(measures, by: $0) }
    return means.withValues { means in
      stride(from: 0, to: means.count, by: count).map { start in
        var sum = 0.0
        for index in 0..<count {
          let difference = white[index] - Double(means[start + index])
          sum += difference * difference
        }
        return (sum / Double(count)).squareRoot()
      }.min() ?? .infinity
    }
  }

  /// The distance that a share of known pictures exceeds: among n of them the ⌈(n + 1)(1 − share)⌉th,
  /// so that the share also holds for other known pictures (Vovk et al. 2005).
  public static func threshold(_ known: [Double], falseAlarms share: Double) -> Double {
    let sorted = known.sorted()
    let place = (Double(sorted.count + 1) * (1 - share)).rounded(.up)
    return sorted.isEmpty ? .infinity : sorted[min(max(Int(place) - 1, 0), sorted.count - 1)]
  }

  /// The numbers that are compared: roots, then directions.
  static func measures(_ groups: [[Float]]) -> [Double] {
    let groups = groups.map { $0.map(Double.init) }
    let roots = groups.joined().map { $0 < 0 ? -(-$0).squareRoot() : $0.squareRoot() }
    let directions = groups.flatMap { values in
      let norm = max(values.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12)
      return values.map { $0 / norm }
    }
    return folded(roots) + folded(directions)
  }

  private static func folded(_ values: [Double]) -> [Double] {
    guard values.count > most else { return values }
    let signs = Random(seed: 0).key("fold")
    var sums = [Double](repeating: 0, count: most)
    for (index, value) in values.enumerated() {
      sums[index % most] += signs.bits(index) & 1 == 0 ? value : -value
    }
    return sums
  }
}

extension Tensor {
  /// A row of a matrix.
  package func row(_ index: Int) -> [Float] {
    withValues { Array($0[index * shape[1]..<(index + 1) * shape[1]]) }
  }
}

/// A lower triangular matrix times a vector.
private func whitened(_ vector: [Double], by matrix: UnsafeBufferPointer<Float>) -> [Double] {
  let count = vector.count
  return (0..<count).map { i in
    var sum = 0.0
    for j in 0...i { sum += Double(matrix[i * count + j]) * vector[j] }
    return sum
  }
}

private struct LowerTriangle {
  private let count: Int
  private var values: [Double]

  /// Cholesky's factor of a positive definite matrix, of which only the lower triangle is read.
  init(factoring matrix: [Double], _ count: Int) throws {
    (values, self.count) = (matrix, count)
    for j in 0..<count {
      for k in 0..<j {
        let factor = values[j * count + k]
        for i in j..<count { values[i * count + j] -= values[i * count + k] * factor }
      }
      let pivot = values[j * count + j]
      guard pivot > 0, pivot.isFinite else {
        throw ZooError.failure("the covariance of the features is not positive definite")
      }
      let root = pivot.squareRoot()
      for i in j..<count { values[i * count + j] /= root }
    }
  }

  /// Also lower triangular; zeros above.
  var inverse: [Double] {
    var inverse = [Double](repeating: 0, count: count * count)
    for column in 0..<count {
      inverse[column * count + column] = 1 / values[column * count + column]
      for i in column + 1..<count {
        var sum = 0.0
        for k in column..<i { sum += values[i * count + k] * inverse[k * count + column] }
        inverse[i * count + column] = -sum / values[i * count + i]
      }
    }
    return inverse
  }
}
