import ZooEngine
import ZooKit

/// The stretch at the beginning of a network in which nothing learns, compiled as for inference, and
/// the rest, which learns from what it gives.
final class FrozenPrefix {
  let rest: Graph
  private let graph: Graph
  private let weights: Weights
  private let plan: InferencePlan
  private let engine: any Engine

  /// Nil where nothing is frozen that could be cut off.
  /// - Parameter options: of the whole network.
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

  /// What the rest takes, for a batch of what the whole takes: at most as many items as the
  /// prefix was compiled for.
  func callAsFunction(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
    try inputs.checkFinite()
    let count = inputs.first?.value.shape[0] ?? 0
    // The plan has one size; it is filled up with items that nobody looks at.
    let filled =
      count == plan.batch
      ? inputs : try inputs.mapValues { try $0.rows((0..<plan.batch).map { min($0, count - 1) }) }
    var values = inputs
    for (name, tensor) in try plan.run(filled) {
      values[name] = count == plan.batch ? tensor : try tensor.rows(Array(0..<count))
    }
    let wanted = Set(rest.inputs.map(\.name))
    values = values.filter { wanted.contains($0.key) }
    if values.values.contains(where: \.isBroken) { throw try culprit(filled) }
    return values
  }

  /// The first that gave a number that is not finite.
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
  /// Refuses data with numbers that are not finite. Not all of them reach the loss: the rectifier of
  /// a compiled convolution makes zero of what is not a number.
  func checkFinite() throws {
    for (name, tensor) in sorted(by: { $0.key < $1.key }) where tensor.isBroken {
      throw ZooError.failure("the data has a number that is not finite in the input \(name)")
    }
  }
}

extension Tensor {
  /// Some of it is infinite, or no number.
  var isBroken: Bool { withValues { !squares($0).isFinite } }

  /// Some items of the first axis.
  func rows(_ items: [Int]) throws -> Tensor {
    let stride = count / max(1, shape[0])
    return try Tensor(Shape([items.count] + shape.sizes.dropFirst())) { target in
      withValues { source in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        for (place, item) in items.enumerated() {
          (to + place * stride).update(from: from + item * stride, count: stride)
        }
      }
    }
  }
}
