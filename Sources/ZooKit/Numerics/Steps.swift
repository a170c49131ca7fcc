import Glibc

/// Steps of descent over flat arrays, each number read and written once: what moves a plan's whole
/// block of parameters at the speed of memory. In float32, as PyTorch's optimisers of these names.
///
/// ```swift
/// plan.update { values, gradients in
///   Steps.sgd(values, gradients, momentum: velocity, rate: 0.1, momentumFactor: 0.9)
/// }
/// ```
/// What an optimiser remembers begins as zeros, as long as the parameters. Where parameters decay
/// or learn at different rates, a step is taken over each stretch that is treated alike.
public enum Steps {
  public typealias Numbers = UnsafeMutableBufferPointer<Float>

  /// b ← μ·b + g + λ·x, x ← x − η·b; with Nesterov's look ahead x ← x − η·(g + λ·x + μ·b).
  /// - Parameters:
  ///   - momentum: b.
  ///   - rate: η.
  ///   - momentumFactor: μ.
  ///   - decay: λ.
  public static func sgd(
    _ values: Numbers, _ gradients: Numbers, momentum: Numbers, rate: Float,
    momentumFactor: Float, decay: Float = 0, nesterov: Bool = false
  ) {
    forEachStretch([values, gradients, momentum]) { count, arrays in
      let (x, g, b) = (arrays[0], arrays[1], arrays[2])
      if nesterov {
        for i in 0..<count {
          let slope = g[i] + decay * x[i]
          let moved = momentumFactor * b[i] + slope
          b[i] = moved
          x[i] -= rate * (slope + momentumFactor * moved)
        }
      } else {
        for i in 0..<count {
          let moved = momentumFactor * b[i] + (g[i] + decay * x[i])
          b[i] = moved
          x[i] -= rate * moved
        }
      }
    }
  }

  /// Adam (Kingma and Ba, arXiv:1412.6980), and AdamW (Loshchilov and Hutter, arXiv:1711.05101)
  /// where the decay is decoupled: x ← (1 − η·λ)·x before the step instead of g + λ·x.
  /// - Parameters:
  ///   - mean: of the gradients so far.
  ///   - square: of their squares.
  ///   - step: counted from 1.
  ///   - rate: η.
  ///   - betas: how much of themselves mean and square keep.
  ///   - epsilon: keeps steps finite.
  ///   - decay: λ.
  ///   - decoupled: AdamW.
  public static func adam(
    _ values: Numbers, _ gradients: Numbers, mean: Numbers, square: Numbers, step: Int,
    rate: Double, betas: (Double, Double) = (0.9, 0.999), epsilon: Float = 1e-8,
    decay: Double = 0, decoupled: Bool = false
  ) {
    // Both begin at zero and are too small at first.
    let size = Float(rate / (1 - pow(betas.0, Double(step))))
    let spread = Float(1 / (1 - pow(betas.1, Double(step))).squareRoot())
    let (turn, keep, take) = (Float(1 - betas.0), Float(betas.1), Float(1 - betas.1))
    let shrink = decoupled ? Float(1 - rate * decay) : 1
    let decay = decoupled ? 0 : Float(decay)
    forEachStretch([values, gradients, mean, square]) { count, arrays in
      let (x, g, m, v) = (arrays[0], arrays[1], arrays[2], arrays[3])
      for i in 0..<count {
        let value = x[i] * shrink
        let slope = g[i] + decay * value
        let mean = m[i] + turn * (slope - m[i])
        let square = keep * v[i] + take * slope * slope
        (m[i], v[i]) = (mean, square)
        x[i] = value - size * (mean / (square.squareRoot() * spread + epsilon))
      }
    }
  }

  /// The same stretch of every array, on every thread.
  private static func forEachStretch(
    _ arrays: [Numbers], _ body: (Int, [UnsafeMutablePointer<Float>]) -> Void
  ) {
    let count = arrays.map(\.count).min() ?? 0
    let bases = arrays.compactMap(\.baseAddress)
    guard bases.count == arrays.count else { return }
    Threads.split(count, cost: arrays.count, multiple: 16) { range in
      body(range.count, bases.map { $0 + range.lowerBound })
    }
  }
}
