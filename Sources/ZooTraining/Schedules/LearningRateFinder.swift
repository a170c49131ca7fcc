import Glibc
import ZooKit

/// Looks for a learning rate by trying them all (Smith, arXiv:1506.01186, section 3.3): a short run
/// in which the rate grows from step to step, until the loss bursts.
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

  /// The rates that were tried, the loss at each, and the loss as a smooth curve.
  public private(set) var rates: [Double] = []
  public private(set) var losses: [Double] = []
  public private(set) var smoothed: [Double] = []
  private var mean = 0.0

  public init(from lowest: Double = 1e-6, to highest: Double = 10, steps: Int = 100) {
    self.lowest = lowest
    self.highest = highest
    self.steps = max(2, steps)
  }

  /// The rate to try next; nil when all have been, or when the loss is four times its least.
  public var rate: Double? {
    guard rates.count < steps else { return nil }
    if let last = smoothed.last {
      guard last.isFinite, last <= 4 * (smoothed.min() ?? last) else { return nil }
    }
    return lowest * pow(highest / lowest, Double(rates.count) / Double(steps - 1))
  }

  /// Takes the loss of the step at ``rate``.
  public mutating func observe(_ loss: Double) {
    guard let rate else { return }
    let keep = 0.9
    mean = keep * mean + (1 - keep) * loss
    rates.append(rate)
    losses.append(loss)
    smoothed.append(mean / (1 - pow(keep, Double(rates.count))))
  }

  /// Where the smooth curve falls most steeply over the logarithm of the rate, of what lies before
  /// its lowest point; nil where it falls nowhere.
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
