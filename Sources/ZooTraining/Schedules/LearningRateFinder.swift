import Glibc
import ZooKit

/// Finds a learning rate by a range test (Smith, arXiv:1506.01186, section 3.3): a short run in
/// which the rate grows at every step until the loss explodes.
///
/// ```swift
/// var finder = LearningRateFinder(steps: 100)
/// while let rate = finder.rate { finder.observe(try trainOneStep(at: rate)) }
/// finder.suggestion        // where the loss fell most steeply
/// ```
public struct LearningRateFinder: Sendable {
  public let lowest: Double
  public let highest: Double
  public let steps: Int

  /// The tried rates, the loss at each, and a smoothed loss.
  public private(set) var rates: [Double] = []
  public private(set) var losses: [Double] = []
  public private(set) var smoothed: [Double] = []
  private var mean = 0.0

  public init(from lowest: Double = 1e-6, to highest: Double = 10, steps: Int = 100) {
    self.lowest = lowest
    self.highest = highest
    self.steps = max(2, steps)
  }

  /// The rate to try next; nil when all have been tried or the loss is four times its minimum.
  public var rate: Double? {
    guard rates.count < steps else { return nil }
    if let last = smoothed.last {
      guard last.isFinite, last <= 4 * (smoothed.min() ?? last) else { return nil }
    }
    return lowest * pow(highest / lowest, Double(rates.count) / Double(steps - 1))
  }

  /// Records the loss of the step at ``rate``.
  public mutating func observe(_ loss: Double) {
    guard let rate else { return }
    let keep = 0.9
    mean = keep * mean + (1 - keep) * loss
    rates.append(rate)
    losses.append(loss)
    smoothed.append(mean / (1 - pow(keep, Double(rates.count))))
  }

  /// The rate at which the smoothed loss falls most steeply over the logarithm of the rate, before
  /// its minimum; nil if it never falls.
  public var suggestion: Double? {
    guard let bottom = smoothed.indices.min(by: { smoothed[$0] < smoothed[$1] }), bottom > 1 else {
      return nil
    }
    let slopes = (1..<bottom).map { (place: $0, slope: smoothed[$0 + 1] - smoothed[$0 - 1]) }
    guard let steepest = slopes.min(by: { $0.slope < $1.slope }), steepest.slope < 0 else {
      return nil
    }
    return rates[steepest.place]
  }
}
