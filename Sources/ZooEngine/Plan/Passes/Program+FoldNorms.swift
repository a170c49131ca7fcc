import ZooKit

extension Program {
  /// Folds every norm that follows a linear layer into its weights, if nothing else reads the value
  /// between them: `W′ = W·γ/√(σ²+ε)`, `b′ = (b − μ)·γ/√(σ²+ε) + β`. The original weights are freed
  /// at once.
  public consuming func folded() throws -> Program {
    let uses = uses
    return try merged { step, kept, producer in
      guard let norm = step.layer.channelNorm(step.constants), step.epilogue.isEmpty,
        uses[step.inputs[0]] == 1,
        let index = producer[step.inputs[0]], kept[index].epilogue.isEmpty,
        let folded = try kept[index].folding(norm)
      else { return nil }
      kept[index] = folded
      return index
    }
  }
}

extension Program.Step {
  /// The same step with the norm in its weights; nil if the layer is not linear in them.
  fileprivate func folding(_ norm: ChannelNorm) throws -> Program.Step? {
    guard let map = layer.linearMap else { return nil }
    let factors = norm.factors
    let (mean, shift) = (norm.mean.values, norm.shift.values)
    let bias = constants.count > 1 ? constants[1].values : factors.map { _ in 0 }
    let kernel = constants[0]
    // The number of weights that share a factor.
    let row = kernel.shape.sizes.dropFirst(map.outputAxis + 1).reduce(1, *)
    let weight = try Tensor(kernel.shape) { folded in
      kernel.withValues { kernel in
        // Safe to share: each row is written by one thread.
        nonisolated(unsafe) let (kernel, folded) = (kernel, folded)
        Threads.split(kernel.count / row, cost: row) { rows in
          for index in rows {
            let factor = factors[index % factors.count]
            for place in index * row..<(index + 1) * row {
              folded[place] = Float(Double(kernel[place]) * factor)
            }
          }
        }
      }
    }
    let offset = factors.indices.map { output in
      let centred = Double(bias[output]) - Double(mean[output])
      return Float(centred * factors[output] + Double(shift[output]))
    }
    var step = self
    step.layer = map.biased
    step.constants = [weight, try Tensor([factors.count], offset)]
    return step
  }
}

extension ChannelNorm {
  /// The factor of each channel.
  var factors: [Double] {
    zip(scale.values, variance.values).map { scale, variance in
      Double(scale) / (Double(variance) + Double(epsilon)).squareRoot()
    }
  }
}
