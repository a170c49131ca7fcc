import Glibc
import ZooKit
import ZooStore

/// Binary cross-entropy that reduces the weight of easy examples (Lin et al., arXiv:1708.02002,
/// equation 5): α·(1 − p)^γ·(−log p) for the probability p of the true label, averaged over all
/// elements.
public struct FocalLoss: Loss {
  public var gamma: Double
  /// The weight of positives; negatives have 1 − α. Nil means 1 for both.
  public var alpha: Double?

  public init(gamma: Double = 2, alpha: Double? = 0.25) {
    self.gamma = gamma
    self.alpha = alpha
  }

  public func callAsFunction(_ output: Tensor, _ target: Target) throws -> LossValue {
    try elementwise(output, target, Positions(output)) { x, y, _ in
      let softplus = log1p(exp(-abs(x)))
      let entropy = softplus + max(x, 0) - x * y
      let p = 1 / (1 + exp(-x))
      /// One minus the probability of the true label.
      let miss = y * (1 - p) + (1 - y) * p
      let weight = alpha.map { $0 * y + (1 - $0) * (1 - y) } ?? 1
      let focus = pow(miss, gamma)
      let turn = miss > 0 ? gamma * pow(miss, gamma - 1) * (1 - 2 * y) * p * (1 - p) : 0
      return (weight * focus * entropy, weight * (turn * entropy + focus * (p - y)))
    }
  }

  public var json: JSON {
    ["kind": "focal", "gamma": JSON(gamma), "alpha": alpha.map { JSON($0) } ?? nil]
  }
}
