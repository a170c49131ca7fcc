import ZooKit
import ZooStore

extension Descent {
  /// All options of the optimiser except the learning rate, which belongs to a ``Schedule``.
  public struct Options: Sendable {
    /// Which parameters decay.
    public enum Decayed: String, Sendable, CaseIterable {
      /// Kernels only. Norms and biases have few parameters, which decay would only hold back.
      case weights
      case everything
    }

    /// Which mean of the weights is evaluated and saved in their place.
    public enum Averaging: Hashable, Sendable {
      /// An exponential moving average with this decay per step.
      case exponential(Double)
      /// The equal mean of the weights at the end of each of the last epochs: stochastic weight
      /// averaging (Izmailov et al. 2018, arXiv:1803.05407, algorithm 1).
      case lastEpochs(Int)

      public var json: JSON {
        switch self {
        case .exponential(let decay): JSON(decay)
        case .lastEpochs(let count): ["lastEpochs": JSON(count)]
        }
      }
    }

    public var optimizer: any Optimizer
    public var weightDecay: Double
    public var decayed: Decayed
    /// The largest norm of all gradients together; larger gradients are scaled down.
    public var clipping: Double?
    /// Nil keeps no average.
    public var averaging: Averaging?
    /// The learning rate of each stage relative to the next one; see ``rateFactors(_:_:)``.
    public var layerDecay: Double

    public init(
      _ optimizer: any Optimizer = SGD(), weightDecay: Double = 0, decayed: Decayed = .weights,
      clipping: Double? = nil, averaging: Averaging? = nil, layerDecay: Double = 1
    ) {
      self.optimizer = optimizer
      self.weightDecay = weightDecay
      self.decayed = decayed
      self.clipping = clipping
      self.averaging = averaging
      self.layerDecay = layerDecay
    }

    public var json: JSON {
      [
        "optimizer": optimizer.json, "weightDecay": JSON(weightDecay),
        "decayed": JSON(decayed.rawValue), "clipping": clipping.map { JSON($0) } ?? nil,
        "averaging": averaging?.json ?? nil, "layerDecay": JSON(layerDecay),
      ]
    }
  }

  /// Learning rates that fall with the distance from the output (Howard and Ruder,
  /// arXiv:1801.06146): 1 for the last stage, the decay for the one before it, its square for the
  /// next. General features are in early stages and should change least.
  ///
  /// Operations without a stage belong to the stage before them.
  /// - Returns: a factor for every parameter, by name.
  public static func rateFactors(_ graph: Graph, _ decay: Double) -> [String: Double] {
    var (depth, last): (Int, [String]?) = (0, nil)
    var depths: [String: Int] = [:]
    for operation in graph.operations where !operation.parameters.isEmpty {
      if !operation.stages.isEmpty, operation.stages != last {
        if last != nil { depth += 1 }
        last = operation.stages
      }
      for parameter in operation.parameters where depths[parameter.name] == nil {
        depths[parameter.name] = depth
      }
    }
    return depths.mapValues { deep in (deep..<depth).reduce(1) { factor, _ in factor * decay } }
  }
}
