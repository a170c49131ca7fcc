import Dispatch
import Synchronization
import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// A network whose output is a vector, for callers on any number of threads.
struct VectorNetwork: Sendable {
  private let name: String
  private let preprocessing: Preprocessing
  private let port: (name: String, shape: Shape)
  private let engine: any Engine
  /// Nil once every plan that will be needed is compiled.
  private let source: (graph: Graph, weights: Weights)?
  private let plans: PlanPool<Int>
  private let spares = SpareTensors()
  private let load: Load?
  /// Operations whose outputs are returned too.
  private let kept: [String]

  /// The outputs for several pictures, N×C each.
  struct Outputs {
    let logits: Tensor
    /// Those of the kept operations, averaged over the picture.
    let features: [Tensor]
  }

  /// The pictures per batch where the caller gives several.
  private static let usualBatch = 16

  /// A consumed model frees its weights once they are packed, if the load is known.
  init(
    _ model: consuming Model, engine: EngineChoice, precision: Precision, load: Load? = nil,
    keeping kept: [String] = []
  ) throws {
    self.kept = kept
    (name, preprocessing, self.load) = (model.name, model.checkpoint.preprocessing, load)
    let graph = model.graph
    var weights: Weights? = model.weights
    _ = consume model
    let first = graph.inputs[0]
    port = (first.name, graph.operations[first.operation].shape)
    self.engine = try engine.engine(for: precision)
    plans = PlanPool(callers: load?.callers)
    if load == nil, let weights { source = (graph, weights) } else { source = nil }
    guard let load else { return }
    let chosen = self.engine
    try plans.withPlan(for: load.batch) {
      // Taken out, so that the plan owns them alone.
      let own = weights ?? Weights()
      weights = nil
      return try InferencePlan(
        graph, consume own, batch: load.batch, keeping: kept, engine: chosen)
    } run: { _ in
    }
  }

  func input(for picture: Picture) throws -> NetworkInput {
    // Before anything of this size is made.
    let shown = try preprocessing.placement(of: picture.size).shown
    let sizes = port.shape.sizes
    if sizes.count == 3, shown.height > sizes[1] || shown.width > sizes[2] {
      throw misfit(Shape([sizes[0], shown.height, shown.width]))
    }
    let input = try preprocessing.input(from: picture)
    guard input.shape == port.shape else { throw misfit(input.shape) }
    return input
  }

  private func misfit(_ made: Shape) -> ZooError {
    .corrupt("\(name): its preprocessing makes 1×\(made), its network takes 1×\(port.shape)")
  }

  func logits(of pictures: [Picture]) throws -> Tensor { try outputs(of: pictures).logits }

  func logits(ofInputs inputs: [NetworkInput]) throws -> Tensor {
    try outputs(ofInputs: inputs).logits
  }

  /// The outputs for pictures. Several are prepared at once.
  func outputs(of pictures: [Picture]) throws -> Outputs {
    guard pictures.count > 1 else {
      return try outputs(ofInputs: pictures.map { try input(for: $0) })
    }
    let made = Mutex([Result<NetworkInput, any Error>?](repeating: nil, count: pictures.count))
    DispatchQueue.concurrentPerform(iterations: pictures.count) { index in
      let result = Result { try input(for: pictures[index]) }
      made.withLock { $0[index] = result }
    }
    return try outputs(ofInputs: made.withLock { $0 }.compactMap { try $0?.get() })
  }

  /// The outputs for inputs of ``input(for:)``.
  func outputs(ofInputs inputs: [NetworkInput]) throws -> Outputs {
    var rows: [Outputs] = []
    var rest = inputs[...]
    while !rest.isEmpty {
      let size = batch(for: rest.count)
      rows.append(try run(rest.prefix(size), batch: size))
      rest = rest.dropFirst(size)
    }
    guard let first = rows.first else {
      throw ZooError.failure("a batch needs at least one picture")
    }
    guard rows.count > 1 else { return first }
    return Outputs(
      logits: try Tensor(joining: rows.map(\.logits)),
      features: try kept.indices.map { index in
        try Tensor(joining: rows.map { $0.features[index] })
      })
  }

  /// Whole batches, and the rest one by one if most of another batch would be empty. A plan for every
  /// number of pictures would take much memory.
  private func batch(for count: Int) -> Int {
    if let load { return load.batch }
    return count * 4 < Self.usualBatch ? 1 : Self.usualBatch
  }

  private func run(_ inputs: ArraySlice<NetworkInput>, batch: Int) throws -> Outputs {
    var together = try spares.take(Shape([batch] + port.shape.sizes))
    let floats = port.shape.count
    try together.withMutableValues { values in
      for (place, input) in inputs.enumerated() {
        let target = values[(place * floats)..<((place + 1) * floats)]
        try preprocessing.fill(.init(rebasing: target), with: input)
      }
      values[(inputs.count * floats)...].update(repeating: 0)
    }
    defer { spares.give(together) }
    let values = try plans.withPlan(for: batch) {
      guard let source else { throw ZooError.failure("no plan for \(batch) pictures of \(name)") }
      return try InferencePlan(
        source.graph, source.weights, batch: batch, keeping: kept,
        engine: engine)
    } run: { plan in
      try plan.run([port.name: together])
    }
    guard let logits = values["logits"] else { throw ZooError.failure("\(name) gives no logits") }
    let features = try kept.compactMap { values[$0] }.map { try $0.pooled }
    let isWhole = inputs.count == batch
    return Outputs(
      logits: try isWhole ? logits : logits.resized(to: inputs.count),
      features: try isWhole ? features : features.map { try $0.resized(to: inputs.count) })
  }
}

extension Tensor {
  /// Batches one after another; there is at least one.
  fileprivate init(joining parts: [Tensor]) throws {
    let items = parts.reduce(0) { $0 + $1.shape[0] }
    try self.init(
      Shape([items] + parts[0].shape.sizes.dropFirst()), parts.flatMap(\.values))
  }

  /// N×C×H×W as N×C; another tensor as it is.
  fileprivate var pooled: Tensor {
    get throws { shape.rank == 4 ? try Tensor([shape[0], shape[1]], averagedMaps) : self }
  }

  /// The rows of N×….
  var rows: [Tensor] {
    get throws { try (0..<shape[0]).map { try items($0..<$0 + 1, paddedTo: 1) } }
  }
}
