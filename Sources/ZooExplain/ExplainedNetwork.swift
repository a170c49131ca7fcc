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
  private let inference = PlanCache<Key, InferencePlan>(capacity: 3)
  private let training = PlanCache<Key, Derivative>(capacity: 3)

  private let sliding = PlanCache<String, SlidingNetwork>(capacity: 1)

  private struct Derivative {
    let plan: TrainingPlan
    /// Whether an inference plan computes everything before the points.
    let startsAtPoints: Bool
  }

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
    guard let value = try values(of: [name], for: batch)[name] else {
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

  /// Several values.
  /// - Parameter others: the network's inputs beside the picture.
  public func values(of names: [String], for batch: Tensor, with others: [String: Tensor] = [:])
    throws -> [String: Tensor]
  {
    let plan = try plan(for: names, batch: batch.shape[0])
    return try plan.run(others.merging([input.name: batch]) { $1 })
  }

  /// Values and gradients at some points.
  /// - Parameters:
  ///   - others: the network's inputs beside the picture.
  ///   - values: where gradients start.
  ///   - seeds: the gradients there, which may depend on the values.
  public func gradients(
    at points: [String], of batch: Tensor, with others: [String: Tensor] = [:],
    from values: [String], rule: Rule,
    seeds: ([String: Tensor]) throws -> [String: Tensor]
  ) throws -> [String: (value: Tensor, gradient: Tensor)] {
    let key = Key(values: values, points: points, batch: batch.shape[0])
    let derivative = try training.plan(for: key) {
      var part = try part(to: values)
      let rest = try part.rest(after: points)
      part = rest ?? part
      var options = TrainingPlan.Options()
      options.trainable = { _ in false }
      options.frozenNorms = part.operations.filter { operation in
        operation.parameters.contains { !$0.role.isTrainable }
      }.map(\.name)
      options.noise = false
      options.seeds = values
      options.keeping = points
      options.gradients = points
      let engine = points.contains(input.name) ? even : engine
      let plan = try TrainingPlan(
        part, weights, batch: batch.shape[0], options: options, engine: engine)
      return Derivative(plan: plan, startsAtPoints: rest != nil)
    }
    let plan = derivative.plan
    var inputs = others.merging([input.name: batch]) { $1 }
    if derivative.startsAtPoints {
      inputs.merge(try self.values(of: points, for: batch)) { $1 }
    }
    try plan.forward(inputs)
    let found = try Dictionary(uniqueKeysWithValues: values.map { ($0, try plan.value($0)) })
    try plan.backward(seeds(found), rule: rule)
    return try Dictionary(
      uniqueKeysWithValues: points.map {
        ($0, (value: try plan.value($0), gradient: try plan.gradient(of: $0)))
      })
  }

  private func plan(for values: [String], batch: Int) throws -> InferencePlan {
    try inference.plan(for: Key(values: values, points: [], batch: batch)) {
      try InferencePlan(part(to: values), weights, batch: batch, engine: engine)
    }
  }

  /// Only what some values depend on.
  private func part(to values: [String]) throws -> Graph {
    graph.cut(at: try values.map { (name: $0, operation: try graph.resolve($0)) }).before
  }
}

extension Graph {
  /// What follows a value, if nothing bypasses it. Before it no gradient is wanted, so that is computed as
  /// for inference: in less memory, with norms folded and layers fused.
  fileprivate func rest(after points: [String]) throws -> Graph? {
    guard points.count == 1, let place = operation(named: points[0]),
      !operations[place].layer.isInput
    else { return nil }
    let rest = cut(at: [(name: points[0], operation: place)]).after
    return rest.inputs.contains { $0.name == inputs[0].name } ? nil : rest
  }
}
