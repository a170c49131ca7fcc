import Glibc
import ZooKit
import ZooStore

/// Divides the mean gradient by the root of its mean square (Kingma and Ba, arXiv:1412.6980).
/// Weight decay adds λ·x to the gradient; ``AdamW`` has decoupled decay.
public struct Adam: Optimizer {
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double

  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  public var memory: [String] { ["mean", "square"] }

  public func move(_ stretch: Stretch) { move(stretch, decoupled: false) }

  fileprivate func move(_ stretch: Stretch, decoupled: Bool) {
    let (x, g, m, v) = (stretch.values, stretch.gradients, stretch.memory[0], stretch.memory[1])
    let beta1 = stretch.momentum ?? self.beta1
    let step = Double(stretch.age + 1)
    // Both means start at zero and are biased towards it at first.
    let size = Float(stretch.rate / (1 - pow(beta1, step)))
    let spread = Float(1 / (1 - pow(beta2, step)).squareRoot())
    let (keep, take) = (Float(beta2), Float(1 - beta2))
    let (turn, epsilon) = (Float(1 - beta1), Float(epsilon))
    let decay = decoupled ? 0 : Float(stretch.weightDecay)
    let shrink = decoupled ? Float(1 - stretch.rate * stretch.weightDecay) : 1
    for i in 0..<stretch.count {
      let value = x[i] * shrink
      let slope = g[i] + decay * value
      let mean = m[i] + turn * (slope - m[i])
      let square = keep * v[i] + take * slope * slope
      m[i] = mean
      v[i] = square
      x[i] = value - size * (mean / (square.squareRoot() * spread + epsilon))
    }
  }

  public var json: JSON { json("adam") }

  fileprivate func json(_ kind: String) -> JSON {
    [
      "kind": JSON(kind), "beta1": JSON(beta1), "beta2": JSON(beta2), "epsilon": JSON(epsilon),
    ]
  }
}

/// Adam with decoupled weight decay: x ← (1 − η·λ)·x before each step (Loshchilov and Hutter,
/// arXiv:1711.05101).
public struct AdamW: Optimizer {
  public var adam: Adam

  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    adam = Adam(beta1: beta1, beta2: beta2, epsilon: epsilon)
  }

  public var memory: [String] { adam.memory }
  public func move(_ stretch: Stretch) { adam.move(stretch, decoupled: true) }
  public var json: JSON { adam.json("adamw") }
}
