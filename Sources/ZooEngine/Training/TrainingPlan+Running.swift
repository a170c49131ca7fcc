import ZooKit

extension TrainingPlan {
  /// Runs a batch through the network and keeps the values that backward needs.
  /// - Parameters:
  ///   - inputs: by name, with the batch as the first axis.
  ///   - random: the random numbers of this step; every operation uses a key of its own name.
  public func forward(_ inputs: [String: Tensor], random: Random = Random(seed: 0)) throws {
    self.random = nil
    self.inputs = []
    for port in graph.inputs {
      let shape = graph.operations[port.operation].shape
      guard let tensor = inputs[port.name] else {
        throw ZooError.usage("the network takes an input \(port.name) of \(shape)")
      }
      try check(tensor, shape, port.name)
      self.inputs.append(tensor)
    }
    let pointers = self.inputs.compactMap { $0.withValues(\.baseAddress) }
    guard pointers.count == graph.inputs.count else { throw ZooError.failure("an input is empty") }
    try runner.forward(pointers, random)
    self.random = random
  }

  /// Propagates gradients from the seeds to everything that learns; seeds without a gradient have
  /// zero. Call it once per forward, because it reuses the memory.
  /// - Parameters:
  ///   - seeds: the gradients of declared seeds, by name.
  ///   - rule: how gradients pass rectifiers.
  ///   - accumulating: whether to add to the gradients of the parameters instead of replacing them.
  public func backward(
    _ seeds: [String: Tensor], rule: Rule = .plain, accumulating: Bool = false
  ) throws {
    guard let random else {
      throw ZooError.failure("backward needs a forward pass before it")
    }
    var planted: [Int: [Tensor]] = [:]
    for (name, seed) in seeds {
      guard let operation = flow.seeds[name] else {
        throw ZooError.usage(
          "\(name) was not declared as a seed" + suggestion(name, among: flow.seeds.keys))
      }
      try check(seed, graph.operations[operation].shape, "the gradient of \(name)")
      planted[operation, default: []].append(seed)
    }
    self.random = nil
    try runner.backward(planted, random, rule, accumulating: accumulating)
  }

  private func check(_ tensor: Tensor, _ shape: Shape, _ name: String) throws {
    let expected = Shape([batch] + shape.sizes)
    guard tensor.shape == expected else {
      throw ZooError.corrupt("\(name) is \(tensor.shape), the plan takes \(expected)")
    }
  }
}
