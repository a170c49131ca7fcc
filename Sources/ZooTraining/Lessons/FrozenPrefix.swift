import ZooEngine
import ZooKit

/// The prefix of a network in which nothing learns, compiled as for inference, and the rest, which
/// learns from its output.
final class FrozenPrefix {
  let rest: Graph
  private let graph: Graph
  private let weights: Weights
  private let plan: InferencePlan
  private let engine: any Engine

  /// Nil if no frozen prefix can be split off.
  /// - Parameter options: options of the whole network.
  init?(
    _ graph: Graph, _ weights: Weights, _ options: TrainingPlan.Options, batch: Int,
    engine: any Engine
  ) throws {
    guard let (frozen, rest) = try graph.splitFrozen(options) else { return nil }
    (self.graph, self.rest, self.engine) = (frozen, rest, engine)
    var own = Weights()
    for parameter in frozen.parameters { own[parameter.name] = weights[parameter.name] }
    for (name, tensor) in own where tensor.isBroken {
      throw ZooError.corrupt("the parameter \(name), which is frozen, is not finite")
    }
    self.weights = own
    plan = try InferencePlan(frozen, own, batch: batch, engine: engine)
  }

  /// The inputs of the rest, from a batch of inputs of the whole, of at most the batch size that
  /// the prefix was compiled for.
  func callAsFunction(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
    try inputs.checkFinite()
    let count = inputs.first?.value.shape[0] ?? 0
    // The plan has a fixed batch size; it is filled up with items whose results are ignored.
    let filled =
      count == plan.batch
      ? inputs : try inputs.mapValues { try $0.items((0..<plan.batch).map { min($0, count - 1) }) }
    var values = inputs
    for (name, tensor) in try plan.run(filled) {
      values[name] = count == plan.batch ? tensor : try tensor.items(0..<count, paddedTo: count)
    }
    let wanted = Set(rest.inputs.map(\.name))
    values = values.filter { wanted.contains($0.key) }
    if values.values.contains(where: \.isBroken) { throw try culprit(filled) }
    return values
  }

  /// The error that names the first operation whose output is not finite.
  private func culprit(_ inputs: [String: Tensor]) throws -> ZooError {
    let witness = try InferencePlan(
      graph, weights, batch: plan.batch, keeping: graph.operations.map(\.name), engine: engine)
    let values = try witness.run(inputs)
    let broken = graph.operations.first { values[$0.name]?.isBroken ?? false }
    return .failure(
      "the output of \(broken.map { "\($0.name) (\($0.layer.kind), \($0.site))" } ?? "a layer") "
        + "is not finite")
  }
}

extension [String: Tensor] {
  /// Throws if the data is not finite. Such numbers need not reach the loss, because the rectifier
  /// of a compiled convolution turns NaN into zero.
  func checkFinite() throws {
    for (name, tensor) in sorted(by: { $0.key < $1.key }) where tensor.isBroken {
      throw ZooError.failure("the data has a number that is not finite in the input \(name)")
    }
  }
}

extension Tensor {
  /// Whether a value is infinite or NaN.
  var isBroken: Bool { withValues { !squares($0).isFinite } }
}
