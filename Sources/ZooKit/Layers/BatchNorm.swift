/// Batch normalisation (Ioffe and Szegedy, arXiv:1502.03167), per channel:
///
/// y = (x − μ) / √(σ² + ε) · weight + bias
///
/// In inference μ and σ² are the running statistics. In training they are the batch's, and the
/// running statistics move towards them by `momentum` (with an unbiased σ², as in PyTorch). A norm
/// that runs in inference mode while the rest trains is frozen: its statistics are constants, but
/// its scale and shift may still learn.
public struct BatchNorm: Layer {
  public var epsilon: Float
  public var momentum: Float

  public init(epsilon: Float = 1e-5, momentum: Float = 0.1) {
    self.epsilon = epsilon
    self.momentum = momentum
  }

  public var kind: String { "batchnorm" }
  public var needs: Needs { .inputs }
  public var inPlace: Bool { true }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let input = try one(inputs)
    guard input.rank == 1 || input.rank == 3, input.count > 0 else {
      throw ZooError.failure("batchnorm takes a map C×H×W or a vector, not \(input)")
    }
    return input
  }

  public func parameters(_ inputs: [Shape]) -> [Parameter] {
    let shape = Shape([inputs[0][0]])
    return [
      Parameter("weight", shape, .scale), Parameter("bias", shape, .shift),
      Parameter("running_mean", shape, .mean), Parameter("running_var", shape, .variance),
    ]
  }

  public func channelNorm(_ constants: [Tensor]) -> ChannelNorm? {
    ChannelNorm(
      scale: constants[0], shift: constants[1], mean: constants[2], variance: constants[3],
      epsilon: epsilon)
  }

  /// The batch's mean and 1 / √(σ² + ε).
  public func saved(_ inputs: [Shape], batch: Int) -> [Shape] {
    [[inputs[0][0]], [inputs[0][0]]]
  }

  public func forward(_ pass: Pass) throws {
    let (x, y) = (pass.inputs[0], pass.output)
    let (channels, plane) = (x.shape[0], x.stride / x.shape[0])
    if case .training = pass.mode {
      guard x.batch * plane > 1 else {
        throw ZooError.failure("batchnorm cannot learn from one value per channel; use a batch")
      }
    }
    let (weight, bias) = (pass.parameters[0].pointer, pass.parameters[1].pointer)
    Threads.split(channels, cost: x.batch * plane * 3) { range in
      for channel in range {
        let (mean, factor) = statistics(pass, channel, update: true)
        let scale = Float(factor * Double(weight[channel]))
        let shift = Float(Double(bias[channel]) - mean * factor * Double(weight[channel]))
        for item in 0..<x.batch {
          let (source, target) = (x[item] + channel * plane, y[item] + channel * plane)
          for i in 0..<plane { target[i] = source[i] * scale + shift }
        }
      }
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) throws {
    let (x, dy) = (pass.inputs[0], gradients.output)
    let (channels, plane) = (x.shape[0], x.stride / x.shape[0])
    let count = Double(x.batch * plane)
    let isTraining = if case .training = pass.mode { true } else { false }
    let (dx, dScale, dShift) = (
      gradients.inputs[0], gradients.parameters[0], gradients.parameters[1]
    )
    Threads.split(channels, cost: x.batch * plane * 4) { range in
      for channel in range {
        let offset = channel * plane
        let (mean, factor) = statistics(pass, channel, update: false)
        var (total, along) = (0.0, 0.0)
        if isTraining || dScale != nil || dShift != nil {
          for item in 0..<x.batch {
            total += sum(dy[item] + offset, plane)
            along += dot(dy[item] + offset, x[item] + offset, minus: mean, plane)
          }
        }
        dScale?.pointer[channel] += Float(along * factor)
        dShift?.pointer[channel] += Float(total)
        guard let dx else { continue }
        // dx = w/σ · (dy − mean dy − x̂ · mean(dy·x̂)); the means vanish for constant statistics.
        let a = factor * Double(pass.parameters[0].pointer[channel])
        let b = isTraining ? -a * factor * factor * along / count : 0
        let c = isTraining ? -a * total / count - b * mean : 0
        let (fa, fb, fc) = (Float(a), Float(b), Float(c))
        for item in 0..<x.batch {
          let (g, source, target) = (dy[item] + offset, x[item] + offset, dx[item] + offset)
          if isTraining {
            for i in 0..<plane { target[i] += fa * g[i] + fb * source[i] + fc }
          } else {
            for i in 0..<plane { target[i] += fa * g[i] }
          }
        }
      }
    }
  }

  /// μ and 1 / √(σ² + ε) of one channel: running statistics in inference; in training the batch's,
  /// which forward computes and saves.
  private func statistics(
    _ pass: Pass, _ channel: Int, update: Bool
  ) -> (mean: Double, factor: Double) {
    let (runningMean, runningVariance) = (pass.parameters[2].pointer, pass.parameters[3].pointer)
    guard case .training = pass.mode else {
      let variance = Double(runningVariance[channel]) + Double(epsilon)
      return (Double(runningMean[channel]), 1 / variance.squareRoot())
    }
    let (means, factors) = (pass.saved[0].pointer, pass.saved[1].pointer)
    guard update else { return (Double(means[channel]), Double(factors[channel])) }

    let x = pass.inputs[0]
    let plane = x.stride / x.shape[0]
    let count = Double(x.batch * plane)
    var total = 0.0
    for item in 0..<x.batch { total += sum(x[item] + channel * plane, plane) }
    let mean = total / count
    var spread = 0.0
    for item in 0..<x.batch { spread += squares(x[item] + channel * plane, minus: mean, plane) }
    let factor = 1 / (spread / count + Double(epsilon)).squareRoot()
    means[channel] = Float(mean)
    factors[channel] = Float(factor)
    runningMean[channel] += momentum * (Float(mean) - runningMean[channel])
    runningVariance[channel] += momentum * (Float(spread / (count - 1)) - runningVariance[channel])
    return (mean, factor)
  }
}
