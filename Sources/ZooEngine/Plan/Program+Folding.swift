import ZooKit

extension Program {
  /// Folds every norm that follows a convolution or a dense layer, and nothing else reads what is
  /// between them, into its weights:
  /// `W′ = W·γ/√(σ²+ε)`, `b′ = (b − μ)·γ/√(σ²+ε) + β`.
  /// What was folded is let go as soon as it is.
  public consuming func folded() throws -> Program {
    let uses = uses
    var program = consume self
    var steps = program.steps
    program.steps = []
    var producer: [Value: Int] = [:]
    var kept: [Step] = []
    for index in steps.indices {
      let step = steps[index]
      steps[index].constants = []
      let frozen = (step.layer as? FrozenBatchNorm)?.norm
      if let norm = step.layer as? BatchNorm ?? frozen, step.epilogue.isEmpty,
        uses[step.inputs[0]] == 1,
        let index = producer[step.inputs[0]], kept[index].epilogue.isEmpty,
        let folded = try kept[index].folding(norm, step.constants)
      {
        kept[index] = folded
        kept[index].name = step.name
        kept[index].output = step.output
        producer[step.output] = index
      } else {
        producer[step.output] = kept.count
        kept.append(step)
      }
    }
    program.steps = kept
    return program
  }
}

extension Program.Step {
  /// The same step with the norm in its weights, nil where the layer is not linear in them.
  fileprivate func folding(_ norm: BatchNorm, _ statistics: [Tensor]) throws -> Program.Step? {
    let layer: any Layer
    let outputs: Int
    // Of the kernel, the one that counts the outputs.
    let axis: Int
    switch self.layer {
    case var convolution as Convolution:
      (outputs, axis) = (convolution.outputs, 0)
      convolution.bias = true
      layer = convolution
    case var dense as Dense:
      (outputs, axis) = (dense.outputs, 0)
      dense.bias = true
      layer = dense
    case var convolution as TransposedConvolution where convolution.groups == 1:
      (outputs, axis) = (convolution.outputs, 1)
      convolution.bias = true
      layer = convolution
    default: return nil
    }

    let (scale, shift) = (statistics[0].values, statistics[1].values)
    let (mean, variance) = (statistics[2].values, statistics[3].values)
    let factor = (0..<outputs).map { output in
      Double(scale[output]) / (Double(variance[output]) + Double(norm.epsilon)).squareRoot()
    }
    let bias =
      constants.count > 1 ? constants[1].values : Array(repeating: 0 as Float, count: outputs)
    let kernel = constants[0]
    // Numbers that one factor goes over.
    let row = kernel.shape.sizes.dropFirst(axis + 1).reduce(1, *)
    let weight = try Tensor(kernel.shape) { folded in
      kernel.withValues { kernel in
        // Safe to share: every row is written by one thread.
        nonisolated(unsafe) let (kernel, folded) = (kernel, folded)
        Threads.split(kernel.count / row, cost: row) { rows in
          for index in rows {
            let factor = factor[index % outputs]
            for place in index * row..<(index + 1) * row {
              folded[place] = Float(Double(kernel[place]) * factor)
            }
          }
        }
      }
    }
    let offset = (0..<outputs).map { output in
      let centred = Double(bias[output]) - Double(mean[output])
      return Float(centred * factor[output] + Double(shift[output]))
    }
    var step = self
    step.layer = layer
    step.constants = [weight, try Tensor([outputs], offset)]
    return step
  }
}
