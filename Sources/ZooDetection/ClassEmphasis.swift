import Glibc
import ZooKit

/// How much the examples of a detector's classification count: weights for rare classes, and the
/// focal loss (Lin et al. 2017, arXiv:1708.02002), which multiplies the cross-entropy by (1 − p)^γ
/// for the probability p of the truth, so that easy examples count less.
///
/// ```swift
/// let detector = yolo.emphasizing(ClassEmphasis(weights: [0.4, 4], focalGamma: 1.5))
/// ```
public struct ClassEmphasis: Hashable, Sendable {
  /// One for each class that users name; empty means 1 for all.
  public var weights: [Double]
  /// The exponent γ; 0 is cross-entropy.
  public var focalGamma: Double
  /// The weight α of positive answers to yes-or-no questions; negative ones have 1 − α. Nil means 1
  /// for both.
  public var focalAlpha: Double?

  public init(weights: [Double] = [], focalGamma: Double = 0, focalAlpha: Double? = nil) {
    (self.weights, self.focalGamma, self.focalAlpha) = (weights, focalGamma, focalAlpha)
  }

  /// The weight of an example of a class.
  public func weight(of index: Int) -> Double {
    weights.indices.contains(index) ? weights[index] : 1
  }

  /// The loss of a yes-or-no question whose truth may be a share, and its derivative by the logit.
  @inlinable
  public func binary(_ logit: Double, truth: Double) -> (value: Double, slope: Double) {
    let entropy = max(logit, 0) - logit * truth + log1p(exp(-abs(logit)))
    let p = 1 / (1 + exp(-logit))
    guard focalGamma > 0 else { return (entropy, p - truth) }
    let weight = focalAlpha.map { $0 * truth + (1 - $0) * (1 - truth) } ?? 1
    /// One minus the probability of the truth.
    let miss = truth * (1 - p) + (1 - truth) * p
    let focus = pow(miss, focalGamma)
    let turn =
      miss > 0 ? focalGamma * pow(miss, focalGamma - 1) * (1 - 2 * truth) * p * (1 - p) : 0
    return (weight * focus * entropy, weight * (turn * entropy + focus * (p - truth)))
  }

  /// The loss of a choice among classes that exclude each other.
  /// - Returns: the loss, and the factor of its derivative: by a logit it is the factor times the
  ///   logit's probability, minus 1 for the true one.
  public func choice(_ softmax: RowSoftmax<Double>, truth logit: Double) -> (
    value: Double, factor: Double
  ) {
    let surprise = softmax.surprise(of: logit)
    guard focalGamma > 0 else { return (surprise, 1) }
    let p = softmax.share(of: logit)
    let miss = max(0, 1 - p)
    let focus = pow(miss, focalGamma)
    let turn = miss > 0 ? focalGamma * p * pow(miss, focalGamma - 1) * surprise : 0
    return (focus * surprise, focus + turn)
  }
}
