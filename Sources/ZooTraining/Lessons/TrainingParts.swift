import ZooDetection
import ZooEngine
import ZooKit

/// The parts of a network in training, compiled on demand: one plan per picture size, of which the
/// latest are cached. All share the parameters and gradients of ``whole``.
///
/// The number of regions varies. It is padded with zeros, whose gradients are zero, to one of a few
/// fixed numbers, so that a few plans are enough.
///
/// Not thread-safe.
package final class TrainingParts: TrainingPartRunner {
  /// Holds parameters and gradients; it is never run.
  package let whole: TrainingPlan
  private let network: (Shape) throws -> Graph
  private let options: TrainingPlan.Options
  private let engine: any Engine
  private let memory: FeatureMemory?
  /// Arenas of large pictures take gigabytes.
  private let compiled = PlanCache<Key, Compiled>(capacity: 4)
  /// The network for the latest picture size; parts that start later are parts of it.
  private var latest: (input: Shape, graph: Graph)
  /// The latest forward runs, by part.
  private var running: [Graph.Part: (part: Compiled, items: Int)] = [:]
  /// The random numbers of the current step.
  package var random = Random(seed: 0)

  private struct Key: Hashable {
    let part: Graph.Part
    let shapes: [Shape]
  }

  private struct Compiled {
    let plan: TrainingPlan
    /// The frozen prefix, for one picture at a time; the plan starts after it.
    let prefix: InferencePlan?
    /// Inputs whose gradients the previous part needs.
    let gradients: [String]
  }

  /// - Parameters:
  ///   - network: the network for pictures of another shape.
  ///   - memory: caches the outputs of the frozen prefix; nil computes them every time.
  package init(
    _ graph: Graph, _ weights: Weights, batch: Int, options: TrainingPlan.Options,
    engine: any Engine, memory: FeatureMemory?, network: @escaping (Shape) throws -> Graph
  ) throws {
    whole = try TrainingPlan(parametersOf: graph, weights, batch: batch, options: options)
    latest = (graph.operations[graph.inputs[0].operation].shape, graph)
    (self.network, self.options, self.engine, self.memory) = (network, options, engine, memory)
  }

  package func forward(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
    guard let items = inputs.first?.value.shape[0], items > 0 else {
      throw ZooError.failure("\(part.to.joined(separator: ", ")) are computed from nothing")
    }
    let size = part.takesRegions ? TrainingParts.filled(items) : items
    let inputs = size == items ? inputs : try inputs.mapValues { try $0.resized(to: size) }
    let compiled = try compiled(part, inputs)
    running[part] = (compiled, items)
    try compiled.plan.forward(try pastPrefix(compiled, inputs), random: random.key(part.to[0]))
    return try Dictionary(
      uniqueKeysWithValues: part.to.map { name in
        let value = try compiled.plan.value(name)
        return (name, size == items ? value : try value.resized(to: items))
      })
  }

  package func backward(_ part: Graph.Part, _ seeds: [String: Tensor]) throws -> [String: Tensor] {
    guard let (compiled, items) = running.removeValue(forKey: part) else {
      throw ZooError.failure("a backward pass follows a forward pass")
    }
    let size = compiled.plan.batch
    let seeds = size == items ? seeds : try seeds.mapValues { try $0.resized(to: size) }
    try compiled.plan.backward(seeds, accumulating: true)
    return try Dictionary(
      uniqueKeysWithValues: compiled.gradients.map { name in
        let gradient = try compiled.plan.gradient(of: name)
        return (name, size == items ? gradient : try gradient.resized(to: items))
      })
  }

  /// The number of regions to compile for: at most a quarter more than there are, except for small
  /// numbers.
  static func filled(_ items: Int) -> Int {
    var step = 16
    while items > 8 * step { step *= 2 }
    return (items + step - 1) / step * step
  }

  private func compiled(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> Compiled {
    if let pictures = inputs[whole.graph.inputs[0].name] {
      let input = Shape(Array(pictures.shape.sizes.dropFirst()))
      if input != latest.input { latest = (input, try network(input)) }
    }
    let key = Key(
      part: part,
      shapes: try part.from.map { name in
        guard let tensor = inputs[name], tensor.shape.rank > 1 else {
          throw ZooError.failure("\(part.to.joined(separator: ", ")) need \(name)")
        }
        return tensor.shape
      })
    return try compiled.plan(for: key) { try compile(part, key.shapes) }
  }

  private func compile(_ part: Graph.Part, _ shapes: [Shape]) throws -> Compiled {
    let ports = Set(whole.graph.inputs.map(\.name))
    let piece = try latest.graph.part(part)
    var options = TrainingPlan.Options()
    options.trainable = self.options.trainable
    options.noise = self.options.noise
    options.seeds = part.to
    options.gradients = try part.from.filter {
      try !ports.contains($0) && whole.passesGradient(to: $0)
    }
    let stills = Set(
      try self.options.frozenNorms.flatMap(whole.graph.operations(named:))
        .map { whole.graph.operations[$0].name })
    options.frozenNorms = piece.operations.map(\.name).filter(stills.contains)
    let batch = shapes[0][0]
    if memory != nil, part.from == [whole.graph.inputs[0].name],
      let (frozen, rest) = try piece.splitFrozen(options),
      rest.inputs.allSatisfy({ $0.name.hasPrefix("features") })
    {
      let names = Set(rest.operations.map(\.name))
      options.frozenNorms.removeAll { !names.contains($0) }
      return Compiled(
        plan: try TrainingPlan(
          of: rest, sharing: whole, batch: batch, options: options, engine: engine),
        prefix: try InferencePlan(frozen, whole.weights, batch: 1, engine: engine),
        gradients: options.gradients)
    }
    return Compiled(
      plan: try TrainingPlan(
        of: piece, sharing: whole, batch: batch, options: options, engine: engine),
      prefix: nil, gradients: options.gradients)
  }

  /// The outputs of the frozen prefix, cached by the pictures' pixels.
  private func pastPrefix(_ part: Compiled, _ inputs: [String: Tensor]) throws
    -> [String: Tensor]
  {
    guard let prefix = part.prefix, let memory, let (name, pictures) = inputs.first else {
      return inputs
    }
    return try memory.features(of: pictures) { try prefix.run([name: $0]) }
  }
}
