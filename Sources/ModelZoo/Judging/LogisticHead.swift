import Glibc
import ZooKit

/// Multinomial logistic regression on standardised features, with the penalty ½‖w‖² of scikit-learn's
/// default: a linear head that is fitted in a moment, and to the same numbers every time.
package struct LogisticHead {
  private let mean, deviation: [Float]
  /// Classes × (features + 1); the last column is the bias.
  private var weights: [Float]
  private let classes: Int
  private let width: Int

  private static let steps = 300

  /// - Parameters:
  ///   - values: N×C features.
  ///   - labels: the class of every row.
  ///   - rows: the rows to learn from.
  ///   - classes: the number of classes.
  package init(_ values: Tensor, _ labels: [Int], of rows: [Int], classes: Int) throws {
    let count = values.count / max(1, values.shape[0])
    var (mean, deviation) = (
      [Float](repeating: 0, count: count), [Float](repeating: 1, count: count)
    )
    values.withValues { values in
      for column in 0..<count {
        var (sum, squares) = (0.0, 0.0)
        for row in rows {
          let value = Double(values[row * count + column])
          sum += value
          squares += value * value
        }
        let average = sum / Double(rows.count)
        let variance = squares / Double(rows.count) - average * average
        mean[column] = Float(average)
        deviation[column] = variance > 1e-12 ? Float(variance.squareRoot()) : 1
      }
    }
    (self.mean, self.deviation) = (mean, deviation)
    (self.classes, width) = (classes, count + 1)
    weights = [Float](repeating: 0, count: classes * (count + 1))
    try fit(scaled(values, rows), rows.map { labels[$0] })
  }

  /// The probability of every class for some rows.
  package func probabilities(_ values: Tensor, of rows: [Int]) throws -> [[Double]] {
    let scores = try self.scores(scaled(values, rows), weights, rows.count)
    return rows.indices.map { row in
      softmax(scores[row * classes..<(row + 1) * classes])
    }
  }

  /// The rows, standardised, each with a one for the bias.
  private func scaled(_ values: Tensor, _ rows: [Int]) -> [Float] {
    values.withValues { values in
      var scaled: [Float] = []
      scaled.reserveCapacity(rows.count * width)
      for row in rows {
        for column in 0..<width - 1 {
          let value = values[row * (width - 1) + column]
          scaled.append((value - mean[column]) / deviation[column])
        }
        scaled.append(1)
      }
      return scaled
    }
  }

  /// Rows × classes.
  private func scores(_ x: [Float], _ weights: [Float], _ rows: Int) throws -> [Float] {
    var scores = [Float](repeating: 0, count: rows * classes)
    try multiply(
      Factor(x, stride: width), Factor(weights, stride: width, isTransposed: true), into: &scores,
      rows, classes, width)
    return scores
  }

  private func softmax(_ scores: ArraySlice<Float>) -> [Double] {
    let most = scores.max() ?? 0
    let powers = scores.map { exp(Double($0 - most)) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  /// Accelerated gradient descent (Nesterov 1983) with the step that the largest eigenvalue allows.
  private mutating func fit(_ x: [Float], _ labels: [Int]) throws {
    let rows = labels.count
    // For two classes scikit-learn has a single row of weights; ours, with half of it each, would be
    // penalised half as much.
    let penalty: Float = classes == 2 ? 2 : 1
    let step = 1 / (0.5 * (try largestEigenvalue(x, rows)) + penalty)
    var (ahead, momentum) = (weights, Float(1))
    var gradient = weights
    for _ in 0..<LogisticHead.steps {
      var errors = try scores(x, ahead, rows)
      for row in 0..<rows {
        let part = row * classes..<(row + 1) * classes
        for (index, probability) in zip(part, softmax(errors[part])) {
          errors[index] = Float(probability) - (index - part.lowerBound == labels[row] ? 1 : 0)
        }
      }
      // errorsᵀ·x, and the penalty, which leaves the bias alone.
      try multiply(
        Factor(errors, stride: classes, isTransposed: true), Factor(x, stride: width),
        into: &gradient, classes, width, rows)
      let next = (1 + (1 + 4 * momentum * momentum).squareRoot()) / 2
      let factor = (momentum - 1) / next
      for index in weights.indices {
        let isBias = index % width == width - 1
        let before = weights[index]
        let slope = gradient[index] + (isBias ? 0 : penalty * ahead[index])
        weights[index] = ahead[index] - step * slope
        ahead[index] = weights[index] + factor * (weights[index] - before)
      }
      momentum = next
    }
  }

  /// Of xᵀ·x, by power iteration, and a tenth more, because it comes from below.
  private func largestEigenvalue(_ x: [Float], _ rows: Int) throws -> Float {
    var vector = [Float](repeating: 1 / Float(width).squareRoot(), count: width)
    var image = [Float](repeating: 0, count: rows)
    var value: Float = 1
    for _ in 0..<30 {
      try multiply(
        Factor(x, stride: width), Factor(vector, stride: 1), into: &image, rows, 1, width)
      try multiply(
        Factor(x, stride: width, isTransposed: true), Factor(image, stride: 1), into: &vector,
        width, 1, rows)
      value = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard value > 0 else { return 1 }
      for index in vector.indices { vector[index] /= value }
    }
    return 1.1 * value
  }

  /// A row-major matrix, or its transpose.
  private struct Factor {
    let values: [Float]
    let stride: Int
    let isTransposed: Bool

    init(_ values: [Float], stride: Int, isTransposed: Bool = false) {
      (self.values, self.stride, self.isTransposed) = (values, stride, isTransposed)
    }
  }

  /// c = a·b with m rows and n columns, over k.
  private func multiply(
    _ a: Factor, _ b: Factor, into c: inout [Float], _ m: Int, _ n: Int, _ k: Int
  ) throws {
    try a.values.withUnsafeBufferPointer { left in
      try b.values.withUnsafeBufferPointer { right in
        try c.withUnsafeMutableBufferPointer { result in
          guard let left = left.baseAddress, let right = right.baseAddress,
            let result = result.baseAddress
          else { return }
          try BLAS.shared.multiply(
            .init(left, stride: a.stride, transposed: a.isTransposed),
            .init(right, stride: b.stride, transposed: b.isTransposed), into: result, stride: n, m,
            n, k)
        }
      }
    }
  }
}
