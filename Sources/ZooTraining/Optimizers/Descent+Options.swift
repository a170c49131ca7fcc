import ZooKit

extension Descent {
  /// Everything about the way down but the learning rate, which a ``Schedule`` has.
  public struct Options: Sendable {
    /// Which parameters a weight decay wears down.
    public enum Decayed: String, Sendable, CaseIterable {
      /// Kernels only. Norms and biases have few numbers, which a decay would only hold back.
      case weights
      case everything
    }

    public var optimizer: any Optimizer
    public var weightDecay: Double
    public var decayed: Decayed
    /// The largest norm that all gradients together may have; longer ones are shortened.
    public var clipping: Double?
    /// How much of itself an exponential moving average of the weights keeps in each step; nil
    /// keeps none.
    public var averaging: Double?
    /// Each stage learns at so many times the rate of the one behind it; see ``rateFactors(_:_:)``.
    public var layerDecay: Double

    public init(
      _ optimizer: any Optimizer = SGD(), weightDecay: Double = 0, decayed: Decayed = .weights,
      clipping: Double? = nil, averaging: Double? = nil, layerDecay: Double = 1
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
        "averaging": averaging.map { JSON($0) } ?? nil, "layerDecay": JSON(layerDecay),
      ]
    }
  }

  /// Learning rates that fall with the distance from the output (Howard and Ruder,
  /// arXiv:1801.06146): 1 for the last stage, the decay for the one before it, its square for the
  /// next. What is general in a network comes early and should move least.
  ///
  /// A stage is what operations say they belong to; those without belong to the one before them.
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
