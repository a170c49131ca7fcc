import ZooEngine
import ZooKit

/// A network that is asked the same kind of question again and again: it keeps its latest plans.
///
/// Forward up to a layer is compiled as for inference, and backward reaches no further than the
/// layers whose gradients are wanted. Not thread-safe.
public final class ExplainedNetwork {
  public let graph: Graph
  /// The number of perturbed inputs that are computed together.
  public let batch: Int
  private let weights: Weights
  private let engine: any Engine
  /// For gradients at the input: equal pixels get equal values. Winograd rounds them differently at
  /// different places of its tiles, so that in an evenly coloured part a maximum of equal values lies
  /// elsewhere than in all other libraries.
  private let even: any Engine
  private let inference = PlanCache<Key, InferencePlan>(capacity: 2)
  private let training = PlanCache<Key, TrainingPlan>(capacity: 3)

  private let sliding = PlanCache<String, SlidingNetwork>(capacity: 1)

  private struct Key: Hashable {
    let values: [String]
    let points: [String]
    let batch: Int
  }

  public init(
    _ graph: Graph, _ weights: Weights, engine: EngineChoice = .auto, batch: Int = 16
  ) throws {
    self.graph = graph
    self.weights = weights
    self.batch = batch
    self.engine = try engine.engine(for: .fp32)
    even = self.engine is OneDNNEngine ? try OneDNNEngine(winograd: false) : self.engine
  }

  /// The network's only input, C×H×W.
  public var input: (name: String, shape: Shape) {
    let port = graph.inputs[0]
    return (port.name, graph.operations[port.operation].shape)
  }

  /// The value of an output, layer or stage.
  public func value(of name: String, for batch: Tensor) throws -> Tensor {
    let plan = try plan(for: name, batch: batch.shape[0])
    guard let value = try plan.run([input.name: batch])[name] else {
      throw ZooError.failure("the network gives no \(name)")
    }
    return value
  }

  /// The network as one that slides over larger pictures.
  public func sliding(_ value: String) throws -> SlidingNetwork {
    try sliding.plan(for: value) {
      try SlidingNetwork(graph, weights, value: value, engine: engine)
    }
  }

  /// The value for inputs that are made one after another.
  func forEachValue(
    of name: String, _ count: Int,
    filledBy fill: (_ index: Int, UnsafeMutableBufferPointer<Float>) throws -> Void,
    _ read: (_ index: Int, UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    let (size, floats) = (min(batch, count), input.shape.count)
    for start in stride(from: 0, to: count, by: size) {
      let items = min(size, count - start)
      let together = try Tensor(Shape([size] + input.shape.sizes)) { values in
        values.initialize(repeating: 0)
        for item in 0..<items {
          let place = values[(item * floats)..<((item + 1) * floats)]
          try fill(start + item, UnsafeMutableBufferPointer(rebasing: place))
        }
      }
      try value(of: name, for: together).withValues { values in
        let row = values.count / size
        for item in 0..<items {
          let place = values[(item * row)..<((item + 1) * row)]
          try read(start + item, UnsafeBufferPointer(rebasing: place))
        }
      }
    }
  }

  /// Values and gradients at some points, from a seed that may depend on the value it is for.
  func gradients(
    at points: [String], of batch: Tensor, from value: String, rule: Rule,
    seed: (Tensor) throws -> Tensor
  ) throws -> [String: (value: Tensor, gradient: Tensor)] {
    let key = Key(values: [value], points: points, batch: batch.shape[0])
    let plan = try training.plan(for: key) {
      var options = TrainingPlan.Options()
      options.trainable = { _ in false }
      let part = try part(to: value)
      options.frozenNorms = part.operations.filter { operation in
        operation.parameters.contains { !$0.role.isTrainable }
      }.map(\.name)
      options.noise = false
      options.seeds = [value]
      options.keeping = points
      options.gradients = points
      let engine = points.contains(input.name) ? even : engine
      return try TrainingPlan(
        part, weights, batch: batch.shape[0], options: options, engine: engine)
    }
    try plan.forward([input.name: batch])
    try plan.backward([value: seed(plan.value(value))], rule: rule)
    return try Dictionary(
      uniqueKeysWithValues: points.map {
        ($0, (value: try plan.value($0), gradient: try plan.gradient(of: $0)))
      })
  }

  private func plan(for value: String, batch: Int) throws -> InferencePlan {
    try inference.plan(for: Key(values: [value], points: [], batch: batch)) {
      try InferencePlan(part(to: value), weights, batch: batch, engine: engine)
    }
  }

  /// Only what a value depends on.
  private func part(to value: String) throws -> Graph {
    graph.cut(at: [(name: value, operation: try graph.resolve(value))]).before
  }
}
