/// In training, sets each element to zero with probability `rate` and scales the others by 1 / (1 −
/// rate) (Srivastava et al. 2014). In inference, does nothing.
///
/// The step's key and the element's index determine each draw, so backward repeats the draws and no
/// mask is stored.
public struct Dropout: Layer {
  public var rate: Float

  public init(rate: Float = 0.5) { self.rate = rate }

  public var kind: String { "dropout" }
  public var needs: Needs { [] }
  public var inPlace: Bool { true }
  public var dependsOnMode: Bool { rate > 0 }
  public var isIdentity: Bool { true }

  public func output(_ inputs: [Shape]) throws -> Shape {
    guard rate >= 0, rate <= 1 else {
      throw ZooError.failure("a dropout rate of \(rate) is not between 0 and 1")
    }
    return try one(inputs)
  }

  public func forward(_ pass: Pass) {
    let (x, y, scale) = (pass.inputs[0].pointer, pass.output.pointer, scale)
    guard case .training(let random) = pass.mode, rate > 0 else {
      return copy(pass.inputs[0], to: pass.output)
    }
    Threads.split(pass.output.count, cost: 4) { range in
      for i in range { y[i] = random.uniform(i) < rate ? 0 : x[i] * scale }
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) {
    guard let dx = gradients.inputs[0] else { return }
    guard case .training(let random) = pass.mode, rate > 0 else {
      return add(gradients.output.pointer, to: dx.pointer, dx.count)
    }
    let (target, dy, scale) = (dx.pointer, gradients.output.pointer, scale)
    Threads.split(dx.count, cost: 4) { range in
      for i in range { target[i] += random.uniform(i) < rate ? 0 : dy[i] * scale }
    }
  }

  private var scale: Float { rate < 1 ? 1 / (1 - rate) : 0 }
}

/// Copies, unless the output shares the input's memory.
func copy(_ x: TensorView, to y: TensorView) {
  if x.pointer != y.pointer { y.pointer.update(from: x.pointer, count: y.count) }
}
