import ZooStore

/// Calibration: the confidences in equal bins, and the accuracy of the predictions in each bin (Guo
/// et al. 2017, equation 3).
public struct Calibration: Hashable, Sendable {
  public struct Bin: Hashable, Sendable {
    public var count = 0
    public var hits = 0
    public var confidence = 0.0
    /// Σ c·(1 − c), the variance of the hits if the confidences are true.
    public var variance = 0.0
  }

  /// The k-th of n bins holds confidences above k/n, up to (k + 1)/n.
  public private(set) var bins: [Bin]

  public init(bins: Int = 15) { self.bins = Array(repeating: Bin(), count: max(bins, 1)) }

  public mutating func add(confidence: Float, isRight: Bool) {
    guard confidence.isFinite else { return }
    let position = (Double(confidence) * Double(bins.count)).rounded(.up) - 1
    let bin = Int(min(max(position, 0), Double(bins.count - 1)))
    bins[bin].count += 1
    bins[bin].hits += isRight ? 1 : 0
    bins[bin].confidence += Double(confidence)
    bins[bin].variance += Double(confidence) * (1 - Double(confidence))
  }

  public mutating func add(_ other: Calibration) {
    for index in bins.indices where index < other.bins.count {
      bins[index].count += other.bins[index].count
      bins[index].hits += other.bins[index].hits
      bins[index].confidence += other.bins[index].confidence
      bins[index].variance += other.bins[index].variance
    }
  }

  /// The mean gap between confidence and accuracy, weighted by the size of the bins; nil without
  /// items.
  public var expectedError: Double? {
    let total = bins.reduce(0) { $0 + $1.count }
    guard total > 0 else { return nil }
    return bins.reduce(0) { $0 + abs($1.confidence - Double($1.hits)) } / Double(total)
  }

  /// The error that chance alone gives a classifier whose confidences are true, on average: in each
  /// bin the mean of |N(0, σ²)|, σ·√(2/π). No calibration can be expected below it.
  public var floor: Double? {
    let total = bins.reduce(0) { $0 + $1.count }
    guard total > 0 else { return nil }
    return bins.reduce(0) { $0 + (2 / .pi * $1.variance).squareRoot() } / Double(total)
  }

  /// The reliability diagram: for each bin its limits, the number of predictions, their mean
  /// confidence and their accuracy, which an empty bin does not have.
  public var json: JSON {
    JSON(
      bins.enumerated().map { index, bin -> JSON in
        let count = Double(bin.count)
        return [
          "from": JSON(Double(index) / Double(bins.count)),
          "to": JSON(Double(index + 1) / Double(bins.count)), "count": JSON(bin.count),
          "confidence": bin.count > 0 ? JSON(bin.confidence / count) : nil,
          "accuracy": bin.count > 0 ? JSON(Double(bin.hits) / count) : nil,
        ]
      })
  }
}
