import ZooKit

/// The directions in which rows of numbers vary most, and how much.
///
/// ```swift
/// let components = try PrincipalComponents(of: features.values, most: 50)
/// let fifty = try components.coordinates(of: features.values)     // N×50
/// print(components.shares[0])                                     // 0.31 of the variance
/// ```
/// Computed in float64 from the covariance, or from the products of rows where they are fewer. A
/// direction's largest number is positive, as in scikit-learn.
public struct PrincipalComponents: Sendable {
  public let mean: [Double]
  /// Of length 1, the one with the largest variance first.
  public let directions: [[Double]]
  /// Of the rows along each direction, divided by their number less one.
  public let variances: [Double]
  public let totalVariance: Double

  /// The variances as shares of the total; 0 if all rows are equal.
  public var shares: [Double] { variances.map { totalVariance > 0 ? $0 / totalVariance : 0 } }

  /// The longest side of the matrix whose eigenvalues are computed.
  private static let longest = 16_384

  /// - Parameters:
  ///   - rows: N×D, at least two.
  ///   - most: the number of directions; there are fewer if there are fewer rows or numbers.
  public init(of rows: Tensor, most: Int) throws {
    guard rows.shape.rank == 2, rows.shape[0] > 1 else {
      throw ZooError.failure("principal components need two rows or more, not \(rows.shape)")
    }
    let (count, width) = (rows.shape[0], rows.shape[1])
    let side = min(count, width)
    guard side <= Self.longest else {
      throw ZooError.corrupt(
        "principal components of \(count) rows of \(width) numbers are too many; at most "
          + "\(Self.longest) of either")
    }
    let lapack = try LAPACK()
    let found = min(most, count - 1, width)
    var mean = [Double](repeating: 0, count: width)
    rows.withValues { values in
      for row in 0..<count {
        for column in 0..<width { mean[column] += Double(values[row * width + column]) }
      }
    }
    for column in 0..<width { mean[column] /= Double(count) }
    var matrix = [Double](repeating: 0, count: side * side)
    let isWide = width > count
    let step = isWide ? count : 2048
    for start in stride(from: 0, to: count, by: step) {
      let range = start..<min(start + step, count)
      lapack.addSquare(
        of: rows.centred(range, mean), range.count, width, inner: !isWide, to: &matrix)
    }
    totalVariance = (0..<side).reduce(0) { $0 + matrix[$1 * side + $1] } / Double(count - 1)
    let eigen = try lapack.largest(found, of: matrix, side)
    variances = eigen.values.map { max($0, 0) / Double(count - 1) }
    var directions = eigen.vectors
    if isWide {
      let centred = rows.centred(0..<count, mean)
      directions = directions.map { weights in
        var sum = [Double](repeating: 0, count: width)
        for (row, weight) in weights.enumerated() {
          for column in 0..<width { sum[column] += weight * centred[row * width + column] }
        }
        let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? sum.map { $0 / length } : sum
      }
    }
    self.mean = mean
    self.directions = directions.map { direction in
      let largest = direction.max { abs($0) < abs($1) } ?? 0
      return largest < 0 ? direction.map { -$0 } : direction
    }
  }

  /// The rows along the directions: N×K.
  public func coordinates(of rows: Tensor) throws -> Tensor {
    guard rows.shape.rank == 2, rows.shape[1] == mean.count else {
      throw ZooError.failure("\(rows.shape) are no rows of \(mean.count) numbers")
    }
    let (count, width, most) = (rows.shape[0], mean.count, directions.count)
    let weights = mean.indices.flatMap { column in directions.map { $0[column] } }
    return try Tensor([count, most]) { coordinates in
      rows.withValues { values in
        // Safe to share: each row is written by one thread.
        nonisolated(unsafe) let (coordinates, values) = (coordinates, values)
        Threads.split(count, cost: width * most) { range in
          for row in range {
            var sums = [Double](repeating: 0, count: most)
            for column in 0..<width {
              let value = Double(values[row * width + column]) - mean[column]
              for place in 0..<most { sums[place] += value * weights[column * most + place] }
            }
            for place in 0..<most { coordinates[row * most + place] = Float(sums[place]) }
          }
        }
      }
    }
  }
}

extension Tensor {
  fileprivate func centred(_ range: Range<Int>, _ mean: [Double]) -> [Double] {
    let width = mean.count
    return withValues { values in
      [Double](unsafeUninitializedCapacity: range.count * width) { centred, count in
        for (place, row) in range.enumerated() {
          for column in 0..<width {
            centred[place * width + column] = Double(values[row * width + column]) - mean[column]
          }
        }
        count = range.count * width
      }
    }
  }
}
