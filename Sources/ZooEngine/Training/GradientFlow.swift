import ZooKit

/// Which operations training runs, and which of them gradients pass. Backward does not run where
/// nothing earlier learns, so a frozen backbone costs no more than in inference.
struct GradientFlow {
  let graph: Graph
  /// Operations that run, in order; inputs do not.
  let forward: [Int]
  /// For every operation, whether its backward runs.
  let runsBackward: [Bool]
  /// For every operation, whether the gradient of its value is computed.
  let hasGradient: [Bool]
  /// For every operation, whether it updates running statistics or draws noise.
  let isTraining: [Bool]
  /// Parameters that learn, by name. Parameters that no seed depends on are left out, because
  /// weight decay would shrink them to zero.
  let learning: Set<String>
  /// Operations by the names of values, gradients and seeds.
  let values: [String: Int]
  let gradients: [String: Int]
  let seeds: [String: Int]

  init(_ graph: Graph, _ options: TrainingPlan.Options) throws {
    self.graph = graph
    func named(_ names: [String]) throws -> [String: Int] {
      let pairs = try names.map { ($0, try graph.resolve($0)) }
      return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
    // Auxiliary heads are included only if something learns from them.
    let outputs = graph.outputs.filter { port in
      options.seeds.map { $0.contains(port.name) } ?? true || !graph.isAuxiliary(port.operation)
    }.map(\.name)
    seeds = try named(options.seeds ?? outputs)
    values = try named(outputs + options.keeping).merging(seeds) { first, _ in first }
    gradients = try named(options.gradients)
    let needed = graph.ancestors(of: Array(values.values))
    forward = graph.operations.indices.filter {
      needed.contains($0) && !graph.operations[$0].layer.isInput
    }

    let reached = graph.ancestors(of: Array(seeds.values))
    for (name, operation) in gradients where !reached.contains(operation) {
      throw ZooError.usage("the gradient of \(name) is wanted, but no seed depends on it")
    }
    let wanted = Set(gradients.values)
    var learning: Set<String> = []
    var hasGradient = Array(repeating: false, count: graph.operations.count)
    var runsBackward = hasGradient
    for index in graph.operations.indices where reached.contains(index) {
      let operation = graph.operations[index]
      let learned = operation.parameters.filter { $0.role.isTrainable && options.trainable($0) }
      learning.formUnion(learned.map(\.name))
      runsBackward[index] = !learned.isEmpty || operation.inputs.contains { hasGradient[$0] }
      hasGradient[index] = runsBackward[index] || wanted.contains(index)
    }
    self.learning = learning
    self.hasGradient = hasGradient
    self.runsBackward = runsBackward

    let frozen = Set(try options.frozenNorms.flatMap(graph.operations(named:)))
    isTraining = graph.operations.enumerated().map { index, operation in
      let isNorm = operation.parameters.contains { !$0.role.isTrainable }
      return isNorm
        ? operation.layer.dependsOnMode && !frozen.contains(index) : options.noise
    }
  }
}
