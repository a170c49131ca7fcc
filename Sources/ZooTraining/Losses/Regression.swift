import ZooKit
import ZooStore

/// The mean of (x − y)² over all elements.
public struct MeanSquaredError: Loss {
  public init() {}

  public func callAsFunction(_ output: Tensor, _ target: Target) throws -> LossValue {
    try elementwise(output, target, Positions(output)) { x, y, _ in
      ((x - y) * (x - y), 2 * (x - y))
    }
  }

  public var json: JSON { ["kind": "mean-squared"] }
}

/// Quadratic near zero and linear beyond β, so that the gradient of outliers is bounded (Girshick,
/// arXiv:1504.08083, equation 3): ½d²/β if |d| < β, else |d| − β/2; the mean over all elements.
public struct SmoothL1: Loss {
  public var beta: Double

  public init(beta: Double = 1) { self.beta = beta }

  public func callAsFunction(_ output: Tensor, _ target: Target) throws -> LossValue {
    try elementwise(output, target, Positions(output)) { x, y, _ in
      let d = x - y
      return abs(d) < beta ? (d * d / (2 * beta), d / beta) : (abs(d) - beta / 2, d < 0 ? -1 : 1)
    }
  }

  public var json: JSON { ["kind": "smooth-l1", "beta": JSON(beta)] }
}
