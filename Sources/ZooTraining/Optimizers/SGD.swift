import ZooKit
import ZooStore

/// Stochastic gradient descent with momentum: b ← μ·b + (1 − τ)·g, x ← x − η·b; with Nesterov's
/// momentum x ← x − η·(g + μ·b). Weight decay adds λ·x to the gradient.
public struct SGD: Optimizer {
  public var momentum: Double
  /// τ
  public var dampening: Double
  public var nesterov: Bool

  public init(momentum: Double = 0.9, dampening: Double = 0, nesterov: Bool = false) {
    self.momentum = momentum
    self.dampening = dampening
    self.nesterov = nesterov
  }

  public var memory: [String] { momentum == 0 ? [] : ["momentum"] }

  public func move(_ stretch: Stretch) {
    let (x, g) = (stretch.values, stretch.gradients)
    let (rate, decay) = (Float(stretch.rate), Float(stretch.weightDecay))
    guard let b = stretch.memory.first else {
      for i in 0..<stretch.count { x[i] -= rate * (g[i] + decay * x[i]) }
      return
    }
    let momentum = Float(stretch.momentum ?? momentum)
    // The first gradient is not dampened.
    let share: Float = stretch.age == 0 ? 1 : Float(1 - dampening)
    let (ahead, along): (Float, Float) = nesterov ? (1, momentum) : (0, 1)
    for i in 0..<stretch.count {
      let slope = g[i] + decay * x[i]
      let moved = momentum * b[i] + share * slope
      b[i] = moved
      x[i] -= rate * (ahead * slope + along * moved)
    }
  }

  public var json: JSON {
    [
      "kind": "sgd", "momentum": JSON(momentum), "dampening": JSON(dampening),
      "nesterov": JSON(nesterov),
    ]
  }
}
