import Glibc

/// Activation functions, element by element.
public enum Activation: Layer, Hashable {
  /// max(x, 0)
  case relu
  /// min(max(x, 0), 6)
  case relu6
  /// x where positive, else slope·x
  case leakyReLU(slope: Float)
  /// σ(x) = 1 / (1 + e⁻ˣ)
  case sigmoid
  case tanh
  /// x·σ(x)
  case silu
  /// x·tanh(log(1 + eˣ)) (Misra, arXiv:1908.08681)
  case mish
  /// min(max(x + 3, 0), 6) / 6, a piecewise linear sigmoid (Howard et al., arXiv:1905.02244)
  case hardSigmoid
  /// x·min(max(x + 3, 0), 6) / 6 (as above, section 5.2)
  case hardSwish

  /// The name of the case in lower case, without its slope.
  public var kind: String { "\(self)".prefix { $0 != "(" }.lowercased() }

  public var isElementwise: Bool { true }

  /// A monotonic function's slope can be computed from its output.
  public var needs: Needs {
    switch self {
    case .relu, .relu6, .sigmoid, .tanh, .hardSigmoid: .output
    case .leakyReLU(let slope): slope >= 0 ? .output : .inputs
    case .silu, .mish, .hardSwish: .inputs
    }
  }

  public func output(_ inputs: [Shape]) throws -> Shape { try one(inputs) }

  public func forward(_ pass: Pass) {
    let (x, y) = (pass.inputs[0].pointer, pass.output.pointer)
    Threads.split(pass.output.count, cost: cost, multiple: 16) { range in
      switch self {
      case .relu: for i in range { y[i] = x[i] < 0 ? 0 : x[i] }
      case .relu6: for i in range { y[i] = x[i] < 0 ? 0 : x[i] > 6 ? 6 : x[i] }
      case .leakyReLU(let slope): for i in range { y[i] = x[i] > 0 ? x[i] : slope * x[i] }
      case .sigmoid: for i in range { y[i] = logistic(x[i]) }
      case .tanh: for i in range { y[i] = Glibc.tanh(x[i]) }
      case .silu: for i in range { y[i] = x[i] * logistic(x[i]) }
      case .mish: for i in range { y[i] = x[i] * tanhSoftplus(x[i]) }
      case .hardSigmoid: for i in range { y[i] = hardLogistic(x[i]) }
      case .hardSwish: for i in range { y[i] = x[i] * hardLogistic(x[i]) }
      }
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) {
    guard let dx = gradients.inputs[0]?.pointer else { return }
    let (x, y, dy) = (pass.inputs[0].pointer, pass.output.pointer, gradients.output.pointer)
    Threads.split(pass.output.count, cost: cost, multiple: 16) { range in
      switch self {
      case .relu:
        switch gradients.rule {
        case .plain: for i in range { dx[i] += y[i] > 0 ? dy[i] : 0 }
        case .guided: for i in range { dx[i] += y[i] > 0 && dy[i] > 0 ? dy[i] : 0 }
        case .deconvnet: for i in range { dx[i] += dy[i] > 0 ? dy[i] : 0 }
        }
      case .relu6: for i in range { dx[i] += y[i] > 0 && y[i] < 6 ? dy[i] : 0 }
      case .leakyReLU(let slope):
        // The output has the input's sign, unless a negative slope flips it.
        let sign = slope >= 0 ? y : x
        for i in range { dx[i] += sign[i] > 0 ? dy[i] : slope * dy[i] }
      case .sigmoid: for i in range { dx[i] += dy[i] * y[i] * (1 - y[i]) }
      case .tanh: for i in range { dx[i] += dy[i] * (1 - y[i] * y[i]) }
      case .silu:
        for i in range {
          let s = logistic(x[i])
          dx[i] += dy[i] * s * (1 + x[i] * (1 - s))
        }
      case .mish:
        for i in range {
          let t = tanhSoftplus(x[i])
          dx[i] += dy[i] * (t + x[i] * (1 - t * t) * logistic(x[i]))
        }
      case .hardSigmoid: for i in range { dx[i] += y[i] > 0 && y[i] < 1 ? dy[i] / 6 : 0 }
      case .hardSwish:
        for i in range {
          dx[i] += x[i] <= -3 ? 0 : x[i] >= 3 ? dy[i] : dy[i] * (2 * x[i] + 3) / 6
        }
      }
    }
  }

  /// An exponential costs as much as ten comparisons.
  private var cost: Int {
    switch self {
    case .relu, .relu6, .leakyReLU, .hardSigmoid, .hardSwish: 1
    case .sigmoid, .tanh, .silu, .mish: 10
    }
  }
}

private func logistic(_ x: Float) -> Float { 1 / (1 + exp(-x)) }

private func hardLogistic(_ x: Float) -> Float {
  x <= -3 ? 0 : x >= 3 ? 1 : (x + 3) / 6
}

/// tanh(log(1 + eˣ)) = n / (n + 2) with n = eˣ(eˣ + 2), without cancellation.
private func tanhSoftplus(_ x: Float) -> Float {
  guard x < 20 else { return x.isNaN ? x : 1 }
  let e = exp(x)
  let n = e * (e + 2)
  return n / (n + 2)
}
