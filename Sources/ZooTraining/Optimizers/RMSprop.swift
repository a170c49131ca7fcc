import ZooKit
import ZooStore

/// Divides the gradient by the root of its mean square (Hinton 2012, lecture 6e): v ← α·v + (1 −
/// α)·g², x ← x − η·g/(√v + ε). If centred, v is reduced by the squared mean of g. Weight decay
/// adds λ·x to g.
public struct RMSprop: Optimizer {
  public var alpha: Double
  public var epsilon: Double
  public var momentum: Double
  public var centered: Bool

  public init(
    alpha: Double = 0.99, epsilon: Double = 1e-8, momentum: Double = 0, centered: Bool = false
  ) {
    self.alpha = alpha
    self.epsilon = epsilon
    self.momentum = momentum
    self.centered = centered
  }

  public var memory: [String] { ["square", "mean", "momentum"].filter(keeps) }

  private func keeps(_ name: String) -> Bool {
    name == "mean" ? centered : name == "momentum" ? momentum > 0 : true
  }

  public func move(_ stretch: Stretch) {
    let (x, g, v) = (stretch.values, stretch.gradients, stretch.memory[0])
    let (rate, decay) = (Float(stretch.rate), Float(stretch.weightDecay))
    let (keep, take, epsilon) = (Float(alpha), Float(1 - alpha), Float(epsilon))
    let mean = centered ? stretch.memory[1] : nil
    let buffer = momentum > 0 ? stretch.memory[stretch.memory.count - 1] : nil
    let along = Float(stretch.momentum ?? momentum)
    for i in 0..<stretch.count {
      let slope = g[i] + decay * x[i]
      let square = keep * v[i] + take * slope * slope
      v[i] = square
      var spread = square
      if let mean {
        mean[i] += take * (slope - mean[i])
        spread -= mean[i] * mean[i]
      }
      var move = slope / (spread.squareRoot() + epsilon)
      if let buffer {
        move += along * buffer[i]
        buffer[i] = move
      }
      x[i] -= rate * move
    }
  }

  public var json: JSON {
    [
      "kind": "rmsprop", "alpha": JSON(alpha), "epsilon": JSON(epsilon),
      "momentum": JSON(momentum), "centered": JSON(centered),
    ]
  }
}
