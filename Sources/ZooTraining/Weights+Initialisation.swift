import ZooKit

extension Weights {
  /// Random initial values for every parameter of a graph: kernels by He et al. 2015
  /// (arXiv:1502.01852), uniform in ±√(6 / fan-in); biases and shifts zero; scales one; statistics
  /// those of N(0, 1).
  ///
  /// A number depends only on the seed, the parameter's name and its index.
  public init(randomFor graph: Graph, seed: UInt64) throws {
    self.init()
    for parameter in graph.parameters {
      self[parameter.name] = try Tensor(randomFor: parameter, seed: seed)
    }
  }
}

extension Tensor {
  public init(randomFor parameter: Parameter, seed: UInt64) throws {
    let key = Random(seed: seed).key(parameter.name)
    let bound = Float((6 / Double(max(1, parameter.fanIn))).squareRoot())
    try self.init(parameter.shape) { values in
      switch parameter.role {
      case .weight:
        Threads.split(values.count, cost: 8) { range in
          for index in range { values[index] = bound * (2 * key.uniform(index) - 1) }
        }
      case .scale, .fixedScale, .variance: values.initialize(repeating: 1)
      case .bias, .shift, .fixedShift, .mean: values.initialize(repeating: 0)
      }
    }
  }
}
