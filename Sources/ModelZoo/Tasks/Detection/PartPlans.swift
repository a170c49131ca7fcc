import Synchronization
import ZooDetection
import ZooEngine
import ZooKit

/// The parts of a model's network, compiled on demand: one plan per picture size, of which the
/// latest are cached. For callers on any number of threads, unless it traces or measures.
///
/// The number of regions varies. Plans for a few fixed numbers of regions serve all cases; the last
/// run is filled up with zeros, whose results are ignored.
final class PartPlans: PartRunner, Sendable {
  private let model: Model
  private let engine: EngineChoice
  private let precision: Precision
  /// An arena for a large picture takes several hundred megabytes.
  private let plans: PlanPool<Key>
  /// Nodes to keep in addition to the outputs of the parts.
  private let keeping: [String]
  private let notes: Mutex<Notes>

  private struct Notes {
    var trace: [String: Tensor]?
    var laps: [(stage: PlanStage, time: Duration)]?
  }

  /// The inputs and outputs of the latest runs, if tracing is on.
  var trace: [String: Tensor]? { notes.withLock { $0.trace } }

  /// The time of every stage, if profiling is on.
  var laps: [(stage: PlanStage, time: Duration)]? {
    get { notes.withLock { $0.laps } }
    set { notes.withLock { $0.laps = newValue } }
  }

  private struct Key: Hashable {
    let part: Graph.Part
    let shapes: [Shape]
  }

  private static let regionBatches = [256, 64, 16, 4, 1]

  init(
    _ model: Model, engine: EngineChoice, precision: Precision, keeping: [String] = [],
    tracing: Bool = false, callers: Int? = nil
  ) {
    self.model = model
    self.engine = engine
    self.precision = precision
    self.keeping = keeping
    plans = PlanPool(callers: callers)
    notes = Mutex(Notes(trace: tracing ? [:] : nil))
  }

  func run(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
    let values = part.takesRegions ? try inPieces(part, inputs) : try whole(part, inputs)
    notes.withLock {
      $0.trace?.merge(inputs) { _, new in new }
      $0.trace?.merge(values) { _, new in new }
    }
    return values
  }

  func note(_ name: String, _ value: Tensor) { notes.withLock { $0.trace?[name] = value } }

  var arenaBytes: Int { plans.arenaBytes }

  private func whole(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
    let key = try key(part, inputs)
    return try plans.withPlan(for: key) {
      try compiled(key, inputs)
    } run: { plan in
      guard laps != nil else { return try plan.run(inputs) }
      let clock = StageClock()
      let values = try plan.run(inputs, clock)
      let own = zip(plan.stages, clock.laps).map { (stage: $0, time: $1) }
      notes.withLock { $0.laps? += own }
      return values
    }
  }

  /// Runs as many regions at a time as a plan takes.
  private func inPieces(_ part: Graph.Part, _ inputs: [String: Tensor]) throws
    -> [String: Tensor]
  {
    let count = inputs.first?.value.shape[0] ?? 0
    var pieces: [String: [Float]] = [:]
    var shapes: [String: [Int]] = [:]
    var start = 0
    while start < count {
      let left = count - start
      // The largest size that is filled, else the smallest that fits all.
      let size =
        PartPlans.regionBatches.first { $0 <= left && left >= PartPlans.regionBatches[0] }
        ?? PartPlans.regionBatches.last { $0 >= left } ?? left
      let taken = min(size, left)
      let piece = try inputs.mapValues { try $0.items(start..<start + taken, paddedTo: size) }
      for (name, value) in try whole(part, piece) {
        let row = value.count / size
        value.withValues { pieces[name, default: []] += $0.prefix(taken * row) }
        shapes[name] = Array(value.shape.sizes.dropFirst())
      }
      start += taken
    }
    return try Dictionary(
      uniqueKeysWithValues: pieces.map { name, values in
        (name, try Tensor(Shape([count] + (shapes[name] ?? [])), values))
      })
  }

  private func key(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> Key {
    Key(
      part: part,
      shapes: try part.from.map { name in
        guard let tensor = inputs[name], tensor.shape.rank > 1, tensor.shape[0] > 0 else {
          throw ZooError.failure("a part of \(model.name) is run without \(name)")
        }
        return tensor.shape
      })
  }

  private func compiled(_ key: Key, _ inputs: [String: Tensor]) throws -> InferencePlan {
    let part = key.part
    let graph =
      try inputs[model.graph.inputs[0].name].map {
        try model.graph(for: Shape(Array($0.shape.sizes.dropFirst())))
      } ?? model.graph
    let kept = keeping.filter { name in
      !part.from.contains(name)
        && (try? graph.part(.init(from: part.from, to: [name]))) != nil
    }
    return try InferencePlan(
      graph.part(part), model.weights, batch: key.shapes.first?[0] ?? 1, keeping: kept,
      engine: try engine.engine(for: precision))
  }
}
