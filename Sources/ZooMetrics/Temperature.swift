import Glibc
import ZooKit

/// A temperature that turns a classifier's logits into honest probabilities: logits are divided by
/// it before the softmax (Guo et al. 2017, section 4.2). The order of the classes does not change.
public enum Temperature {
  /// Temperatures that a fit may give.
  public static let range = 0.01...100.0

  /// The temperature with the least mean of −log p, found by Newton's method in 1/T, where the
  /// mean is convex.
  ///
  /// To n pictures comes one whose class is as likely as the logits say. Without it the temperature
  /// would be zero, and every confidence 100 %, where each of a few pictures is classified correctly.
  /// - Parameters:
  ///   - logits: all classes of each picture, row by row.
  ///   - labels: the true class of each picture.
  ///   - classes: the number of classes.
  public static func fitted(logits: [Float], labels: [Int], classes: Int) throws -> Double {
    guard classes > 1, !labels.isEmpty, logits.count == labels.count * classes else {
      throw ZooError.failure(
        "\(logits.count) logits of \(labels.count) pictures and \(classes) classes have no "
          + "temperature")
    }
    guard labels.allSatisfy((0..<classes).contains), logits.allSatisfy(\.isFinite) else {
      throw ZooError.failure("a label is no class, or a logit is not finite")
    }
    let rows = Rows(logits: logits, labels: labels, classes: classes)
    var (low, high) = (1 / range.upperBound, 1 / range.lowerBound)
    var inverse = 1.0
    for _ in 0..<200 {
      let (slope, curvature) = rows.derivatives(at: inverse)
      if slope == 0 { break }
      if slope > 0 { high = inverse } else { low = inverse }
      var next = inverse - slope / curvature
      // Newton's step may leave the range that contains the minimum.
      if !(low...high).contains(next) { next = (low + high) / 2 }
      if abs(next - inverse) <= 1e-13 * inverse { break }
      inverse = next
    }
    return 1 / inverse
  }

  /// Temperatures for pictures that they were not fitted to: the picture at `index` gets the one at
  /// `index % count`, which is fitted to all pictures but those that get it too.
  public static func heldOut(
    logits: [Float], labels: [Int], classes: Int, folds: Int = 10
  ) throws -> [Double] {
    let folds = min(folds, labels.count)
    return try (0..<folds).map { fold in
      let others = labels.indices.filter { $0 % folds != fold }
      return try fitted(
        logits: others.flatMap { logits[$0 * classes..<($0 + 1) * classes] },
        labels: others.map { labels[$0] }, classes: classes)
    }
  }

  /// The log likelihood that a temperature must gain on pictures that it was not fitted to, all
  /// together: half the 5 % point of χ² with one degree of freedom, as in a likelihood-ratio test.
  /// A smaller gain may be chance, and then the probabilities are as honest without it.
  public static let leastGain = 1.92
}

private struct Rows {
  let logits: [Float]
  let labels: [Int]
  let classes: Int

  /// The first two derivatives of the loss for the factor 1/T.
  func derivatives(at factor: Double) -> (slope: Double, curvature: Double) {
    let share = 1 / Double(labels.count + 1)
    var (slope, curvature) = (0.0, 0.0)
    for (item, label) in labels.enumerated() {
      let row = logits[item * classes..<(item + 1) * classes]
      let largest = Double(row.max() ?? 0)
      var (sum, first, second) = (0.0, 0.0, 0.0)
      // The mean of the logits by the probabilities without a temperature.
      var (plain, believed) = (0.0, 0.0)
      for logit in row {
        // Relative to the largest, so that the variance does not cancel.
        let value = Double(logit) - largest
        let weight = exp(factor * value)
        sum += weight
        first += weight * value
        second += weight * value * value
        plain += exp(value)
        believed += exp(value) * value
      }
      let mean = first / sum
      let target =
        (1 - share) * (Double(row[row.startIndex + label]) - largest)
        + share * believed / plain
      slope += mean - target
      curvature += second / sum - mean * mean
    }
    return (slope / Double(labels.count), curvature / Double(labels.count))
  }
}
