import ZooKit

/// The bootstrap (Efron 1979): how far a metric varies if the pictures are drawn again, with
/// replacement, from those that are there.
///
/// ```swift
/// let bootstrap = Bootstrap()
/// bootstrap.intervals(of: findings)["accuracy"]         // 0.895...0.967
/// bootstrap.differences(of: second, from: first)["accuracy"]?.interval
/// ```
/// Intervals hold the middle 95 % of the draws (the percentile method). A draw in which a metric is
/// not defined, because a class is missing, is left out.
///
/// Pictures of one patient resemble each other, so intervals from single pictures are too narrow for
/// other patients. With groups, whole groups are drawn (the cluster bootstrap).
public struct Bootstrap: Sendable {
  public let draws: Int
  public let level: Double
  /// The number of groups that are drawn from; nil if pictures are.
  public let groupCount: Int?
  private let random: Random
  /// The number of every picture's group.
  private let groups: [Int]?

  /// - Parameters:
  ///   - draws: the number of draws.
  ///   - level: the share of the draws that an interval holds.
  ///   - seed: the seed of the draws.
  ///   - groups: the group of every picture; nil if each is on its own.
  public init(
    draws: Int = 1000, level: Double = 0.95, seed: UInt64 = 0, groups: [String]? = nil
  ) {
    self.draws = max(1, draws)
    self.level = level
    random = Random(seed: seed).key("bootstrap")
    var numbers: [String: Int] = [:]
    for group in groups ?? [] where numbers[group] == nil { numbers[group] = numbers.count }
    self.groups = groups?.compactMap { numbers[$0] }
    groupCount = groups == nil ? nil : numbers.count
  }

  /// How often each picture occurs in a draw.
  public func counts(_ pictures: Int, draw: Int) -> [Int] {
    let random = random.key(draw)
    func drawn(_ count: Int) -> [Int] {
      var counts = [Int](repeating: 0, count: count)
      for number in 0..<count { counts[random.below(count, number)] += 1 }
      return counts
    }
    guard let groups, let groupCount else { return drawn(pictures) }
    let counts = drawn(groupCount)
    return groups.map { counts[$0] }
  }

  /// The interval of every metric.
  public func intervals(of findings: any Findings) throws -> [String: ClosedRange<Double>] {
    try values(of: [findings]).compactMapValues { interval($0.map { $0[0] }) }
  }

  /// The difference of two models on the same pictures.
  public struct Difference: Sendable {
    /// On all pictures.
    public let value: Double
    public let interval: ClosedRange<Double>
    /// How often a draw turns the difference around, counted on both sides: the p-value of a paired
    /// bootstrap test.
    public let p: Double
  }

  /// How much the metrics of one model exceed those of another on the same pictures. Both are drawn
  /// together, so what makes a picture hard for both does not widen the interval.
  public func differences(
    of findings: any Findings, from others: any Findings
  ) throws -> [String: Difference] {
    guard findings.count == others.count else {
      throw ZooError.failure(
        "\(findings.count) and \(others.count) pictures cannot be compared in pairs")
    }
    let once = [Int](repeating: 1, count: findings.count)
    let (mine, theirs) = (findings.measure()(once), others.measure()(once))
    var result: [String: Difference] = [:]
    for (name, values) in try values(of: [findings, others]) {
      let drawn = values.map { $0[0] - $0[1] }
      guard let interval = interval(drawn), let value = mine.first(where: { $0.name == name }),
        let other = theirs.first(where: { $0.name == name })
      else { continue }
      let (above, below) = (drawn.count { $0 >= 0 }, drawn.count { $0 <= 0 })
      let p = 2 * Double(min(above, below) + 1) / Double(drawn.count + 1)
      result[name] = Difference(
        value: value.value - other.value, interval: interval, p: min(1, p))
    }
    return result
  }

  /// By metric, the values of every draw in which all of the findings define it.
  private func values(of findings: [any Findings]) throws -> [String: [[Double]]] {
    let pictures = findings.map { $0.count }.min() ?? 0
    guard pictures > 0 else { return [:] }
    guard groups == nil || groups?.count == pictures else {
      throw ZooError.failure("\(groups?.count ?? 0) groups are given for \(pictures) pictures")
    }
    let measures = findings.map { $0.measure() }
    var all = [[[(name: String, value: Double)]]](repeating: [], count: draws)
    all.withUnsafeMutableBufferPointer { all in
      // Safe to share: each element is written by one thread.
      nonisolated(unsafe) let all = all
      Threads.split(draws, cost: 1 << 16) { range in
        for draw in range {
          let drawn = self.counts(pictures, draw: draw)
          all[draw] = measures.map { $0(drawn) }
        }
      }
    }
    var values: [String: [[Double]]] = [:]
    for draw in all {
      guard let first = draw.first else { continue }
      for (name, _) in first {
        let found = draw.compactMap { $0.first { $0.name == name }?.value }
        if found.count == draw.count { values[name, default: []].append(found) }
      }
    }
    return values
  }

  private func interval(_ values: [Double]) -> ClosedRange<Double>? {
    guard 2 * values.count > draws else { return nil }
    let sorted = values.sorted()
    let tail = (1 - level) / 2
    let (low, high) = (sorted.quantile(tail), sorted.quantile(1 - tail))
    return low <= high ? low...high : nil
  }
}

extension [Double] {
  /// Of sorted numbers, interpolated as `numpy.quantile` does by default.
  func quantile(_ share: Double) -> Double {
    guard let last = indices.last else { return .nan }
    let place = share * Double(last)
    let below = Swift.min(Int(place), last)
    let above = Swift.min(below + 1, last)
    return self[below] + (place - Double(below)) * (self[above] - self[below])
  }
}
