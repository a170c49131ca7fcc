import ZooKit

/// The prefix of a graph that training leaves as it is: nothing in it learns, no gradient passes it,
/// no norm moves and nothing is random. It may run as inference does.
struct FrozenPrefix {
  /// For every operation that runs: whether it belongs to the prefix; inputs do.
  let isFrozen: [Bool]
  /// Its values that the rest, or a user, reads.
  let crossing: [Int]

  init(_ graph: Graph, _ walk: Walk) {
    // Statistics may be shared with a norm behind that moves them.
    var moved = walk.learning
    for index in walk.forward where walk.isTraining[index] {
      for parameter in graph.operations[index].parameters where !parameter.role.isTrainable {
        moved.insert(parameter.name)
      }
    }
    var isFrozen = Array(repeating: false, count: graph.operations.count)
    for index in graph.operations.indices {
      let operation = graph.operations[index]
      isFrozen[index] =
        operation.layer.isInput
        || !walk.hasGradient[index] && operation.inputs.allSatisfy { isFrozen[$0] }
          && (!walk.isTraining[index] || !operation.layer.dependsOnMode)
          && operation.parameters.allSatisfy { !moved.contains($0.name) }
    }
    var crossing = Set(walk.values.values)
    for index in walk.forward where !isFrozen[index] {
      crossing.formUnion(graph.operations[index].inputs)
    }
    self.isFrozen = isFrozen
    self.crossing = crossing.filter {
      isFrozen[$0] && !graph.operations[$0].layer.isInput
    }.sorted()
  }
}

extension Graph {
  /// Cuts off the prefix that these options leave frozen, so that its values can be computed once for
  /// every picture and kept.
  ///
  /// ```swift
  /// if let (backbone, head) = try graph.splitFrozen(options) {
  ///   let features = try InferencePlan(backbone, weights, batch: 8).run(["image": pictures])
  ///   let plan = try TrainingPlan(head, weights, batch: 32, options: headOptions)
  /// }
  /// ```
  /// The values that cross are called `features`, and `features.1` and so on where there are more.
  /// They are outputs of the first graph and inputs of the second. The options are for the whole;
  /// those for the rest may name only what is in it.
  /// - Returns: nil where nothing is frozen, or nothing else is left.
  public func splitFrozen(_ options: TrainingPlan.Options) throws -> (frozen: Graph, rest: Graph)? {
    let walk = try Walk(self, options)
    let crossing = FrozenPrefix(self, walk).crossing
    guard !crossing.isEmpty, walk.hasGradient.contains(true) else { return nil }
    let ports = crossing.enumerated().map { index, operation in
      (name: index == 0 ? "features" : "features.\(index)", operation: operation)
    }
    let (before, after) = cut(at: ports)
    return (before, after)
  }
}
