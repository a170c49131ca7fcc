import ZooKit

extension Formula {
  /// Every parameter of a network.
  public static func weights(for graph: Graph) throws -> Weights {
    var weights = Weights()
    for parameter in graph.parameters {
      weights[parameter.name] = try Formula.parameter(parameter.name, parameter.shape)
    }
    return weights
  }
}
