import ZooEngine
import ZooKit

extension Model {
  /// Compiles the network for batches of one size.
  ///
  /// `input` overrides the checkpoint's picture size; `keeping` names operations or stages whose
  /// values are returned too.
  public func plan(
    batch: Int = 1, input: Shape? = nil, keeping: [String] = [],
    engine: EngineChoice = .auto, precision: Precision = .fp32
  ) throws -> InferencePlan {
    try InferencePlan(
      try input.map(graph(for:)) ?? graph, weights, batch: batch, keeping: keeping,
      engine: try engine.engine(for: precision))
  }

  /// Runs a batch N×C×H×W and returns every output and kept value by name. For a detector this
  /// includes every value that is passed between its parts, such as regions.
  public func run(
    _ batch: Tensor, keeping: [String] = [], engine: EngineChoice = .auto,
    precision: Precision = .fp32
  ) throws -> [String: Tensor] {
    guard batch.shape.rank == 4, batch.shape[0] > 0 else {
      throw ZooError.corrupt("the input is \(batch.shape); expected a batch N×C×H×W")
    }
    return try checkpoint.task.definition.run(
      self, batch, keeping: keeping, engine: engine, precision: precision)
  }

  /// The network for pictures of another size.
  func graph(for input: Shape) throws -> Graph {
    guard input != checkpoint.input else { return graph }
    do {
      return try variant.graph(
        head: checkpoint.head(classes: checkpoint.classes.count), input: input,
        normEpsilon: checkpoint.normEpsilon)
    } catch let error as ZooError {
      throw ZooError.corrupt("\(name) cannot take \(input): \(error.message)")
    }
  }
}
