import ZooEngine
import ZooKit

extension Model {
  /// Compiles the network for batches of one size.
  ///
  /// `input` is another picture size than the checkpoint's; `keeping` names operations or stages
  /// whose values are wanted beside the outputs.
  public func plan(
    batch: Int = 1, input: Shape? = nil, keeping: [String] = [],
    engine: EngineChoice = .auto, precision: Precision = .fp32
  ) throws -> InferencePlan {
    var graph = graph
    if let input, input != checkpoint.input {
      do {
        graph = try variant.graph(
          head: checkpoint.head(classes: checkpoint.classes.count), input: input,
          normEpsilon: checkpoint.normEpsilon)
      } catch let error as ZooError {
        throw ZooError.corrupt("\(name) cannot take \(input): \(error.message)")
      }
    }
    return try InferencePlan(
      graph, weights, batch: batch, keeping: keeping, engine: try engine.engine(for: precision))
  }

  /// One pass over a batch N×C×H×W: every output, and what is kept, by name.
  public func run(
    _ batch: Tensor, keeping: [String] = [], engine: EngineChoice = .auto,
    precision: Precision = .fp32
  ) throws -> [String: Tensor] {
    guard batch.shape.rank == 4, batch.shape[0] > 0 else {
      throw ZooError.corrupt("the input is \(batch.shape), a batch N×C×H×W was expected")
    }
    let plan = try plan(
      batch: batch.shape[0], input: Shape(Array(batch.shape.sizes.dropFirst())), keeping: keeping,
      engine: engine, precision: precision)
    return try plan.run([plan.inputs[0].name: batch])
  }
}
