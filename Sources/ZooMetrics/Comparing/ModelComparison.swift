import ZooKit

/// Two models on the same pictures: is the difference one?
///
/// ```swift
/// let comparisons = try ModelComparison.all(reports, by: "accuracy")
/// for comparison in comparisons where comparison.isShown { print(comparison.first, comparison.second) }
/// ```
public struct ModelComparison: Sendable {
  public enum Test: Sendable {
    /// For classifiers and their accuracy, if no groups are drawn.
    case mcNemar(McNemar)
    /// For everything else; see ``Bootstrap/differences(of:from:)``.
    case pairedBootstrap

    public var name: String {
      switch self {
      case .mcNemar: "McNemar"
      case .pairedBootstrap: "paired bootstrap"
      }
    }
  }

  /// The probability of a false alarm that is tolerated.
  public static let significance = 0.05

  public let first, second: String
  public let metric: String
  public let values: (first: Double, second: Double)
  /// How much the second exceeds the first, with its 95 % interval.
  public let difference: Double
  public let interval: ClosedRange<Double>
  public let test: Test
  /// The p-value, raised for the number of comparisons by Holm's method (1979).
  public private(set) var p: Double

  public var isShown: Bool { p < ModelComparison.significance }

  /// Every pair of models, in their order.
  /// - Parameters:
  ///   - reports: of the same pictures.
  ///   - metric: the metric that decides.
  ///   - bootstrap: how intervals are drawn.
  public static func all(
    _ reports: [Report], by metric: String, _ bootstrap: Bootstrap = .init()
  ) throws -> [ModelComparison] {
    var comparisons: [ModelComparison] = []
    for second in reports.indices {
      for first in 0..<second {
        comparisons.append(
          try ModelComparison(reports[first], reports[second], metric, bootstrap))
      }
    }
    for (index, p) in holm(comparisons.map(\.p)).enumerated() { comparisons[index].p = p }
    return comparisons
  }

  /// The p-values of several tests, raised so that a false alarm in any of them is as unlikely as in
  /// one: the smallest of n counts n times, the next n − 1 times, none less than the one before.
  public static func holm(_ p: [Double]) -> [Double] {
    var (raised, least) = (p, 0.0)
    for (rank, index) in p.indices.sorted(by: { (p[$0], $0) < (p[$1], $1) }).enumerated() {
      least = max(least, min(1, p[index] * Double(p.count - rank)))
      raised[index] = least
    }
    return raised
  }

  private init(_ first: Report, _ second: Report, _ metric: String, _ bootstrap: Bootstrap) throws {
    guard let mine = second.findings, let theirs = first.findings,
      let a = first[metric], let b = second[metric],
      let found = try bootstrap.differences(of: mine, from: theirs)[metric]
    else {
      throw ZooError.corrupt(
        "\(first.model) and \(second.model) cannot be compared: \(metric) is not defined on these "
          + "pictures")
    }
    (self.first, self.second, self.metric) = (first.model, second.model, metric)
    values = (a, b)
    (difference, interval) = (found.value, found.interval)
    // McNemar's test takes each picture for independent of the others.
    if metric == "accuracy", bootstrap.groupCount == nil, let left = theirs.isRight,
      let right = mine.isRight
    {
      let counts = McNemar(left, right)
      (test, p) = (.mcNemar(counts), counts.p)
    } else {
      (test, p) = (.pairedBootstrap, found.p)
    }
  }
}
