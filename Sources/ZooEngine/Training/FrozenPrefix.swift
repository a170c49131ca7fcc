import ZooKit

/// The prefix of a graph that training does not change: nothing in it learns, no gradient passes
/// it, no norm updates its statistics and nothing is random. It can run as in inference.
struct FrozenPrefix {
  /// For every operation that runs: whether it belongs to the prefix; inputs do.
  let isFrozen: [Bool]
  /// Its values that the rest, or a user, reads.
  let crossing: [Int]

  private let graph: Graph

  init(_ flow: GradientFlow) {
    let graph = flow.graph
    self.graph = graph
    // A later norm may update shared statistics.
    var moved = flow.learning
    for index in flow.forward where flow.isTraining[index] {
      for parameter in graph.operations[index].parameters where !parameter.role.isTrainable {
        moved.insert(parameter.name)
      }
    }
    var isFrozen = Array(repeating: false, count: graph.operations.count)
    for index in graph.operations.indices {
      let operation = graph.operations[index]
      isFrozen[index] =
        operation.layer.isInput
        || !flow.hasGradient[index] && operation.inputs.allSatisfy { isFrozen[$0] }
          && (!flow.isTraining[index] || !operation.layer.dependsOnMode)
          && operation.parameters.allSatisfy { !moved.contains($0.name) }
    }
    var crossing = Set(flow.values.values)
    for index in flow.forward where !isFrozen[index] {
      crossing.formUnion(graph.operations[index].inputs)
    }
    self.isFrozen = isFrozen
    self.crossing = crossing.filter {
      isFrozen[$0] && !graph.operations[$0].layer.isInput
    }.sorted()
  }

  /// The program for the crossing values, and the graph's inputs that it takes.
  func program(_ parameters: LearnedParameters) throws -> (program: Program, inputs: [Int]) {
    let part = graph.cut(
      at: crossing.map { (name: graph.operations[$0].name, operation: $0) }
    ).before
    let program = try Program(part, try parameters.weights(of: part)).simplified()
    let inputs = part.inputs.compactMap { port in
      graph.inputs.firstIndex { $0.name == port.name }
    }
    return (program, inputs)
  }
}

extension FrozenPrefix {
  /// The prefix compiled as for inference, on first use and whenever its parameters have changed.
  final class Computed {
    private let prefix: FrozenPrefix
    private let engine: any Engine
    private var compiled: (executable: any Executable, inputs: [Int], generation: Int)?

    init(_ prefix: FrozenPrefix, _ engine: any Engine) {
      (self.prefix, self.engine) = (prefix, engine)
    }

    /// - Parameters:
    ///   - inputs: the slots of the whole graph's inputs, in order.
    ///   - slots: the slots for the crossing values.
    func run(_ run: Workspace, _ inputs: [Schedule.Slot], into slots: [Schedule.Slot]) throws {
      guard let parameters = run.parameters else { return }
      if compiled?.generation != parameters.generation {
        compiled = nil
        let (program, inputs) = try prefix.program(parameters)
        compiled = (
          try engine.compile(program, batch: run.batch), inputs, parameters.generation
        )
      }
      guard let (executable, ports, _) = compiled else { return }
      try executable.run(ports.map { UnsafePointer(run.memory[inputs[$0]]) }) { views in
        for (slot, view) in zip(slots, views) {
          run.memory[slot].update(from: view.pointer, count: view.count)
        }
      }
      run.prepare()
    }
  }
}

extension Graph {
  /// Splits off the frozen prefix under these options, so that its outputs can be computed once per
  /// picture and cached.
  ///
  /// ```swift
  /// if let (backbone, head) = try graph.splitFrozen(options) {
  ///   let features = try InferencePlan(backbone, weights, batch: 8).run(["image": pictures])
  ///   let plan = try TrainingPlan(head, weights, batch: 32, options: headOptions)
  /// }
  /// ```
  /// The crossing values are called `features`, then `features.1` and so on. They are outputs of
  /// the first graph and inputs of the second. The options are for the whole; those for the rest
  /// may name only its own operations.
  /// - Returns: nil if nothing is frozen, or nothing else is left.
  public func splitFrozen(_ options: TrainingPlan.Options) throws -> (frozen: Graph, rest: Graph)? {
    let flow = try GradientFlow(self, options)
    let crossing = FrozenPrefix(flow).crossing
    guard !crossing.isEmpty, flow.hasGradient.contains(true) else { return nil }
    let ports = crossing.enumerated().map { index, operation in
      (name: index == 0 ? "features" : "features.\(index)", operation: operation)
    }
    let (before, after) = cut(at: ports)
    return (before, after)
  }
}
