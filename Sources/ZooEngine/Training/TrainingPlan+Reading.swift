import ZooKit

extension TrainingPlan {
  /// The position of a parameter in the block of learned parameters.
  public struct Slot: Sendable {
    public let parameter: Parameter
    public let range: Range<Int>
  }

  /// All learned parameters, in the order of the block.
  public var slots: [Slot] { parameters.slots }

  /// Gives an optimiser access to the parameters and their gradients: one contiguous block each,
  /// with a number and its gradient at the same index. Gaps between slots are zero in both.
  public func update<R>(
    _ body: (
      _ values: UnsafeMutableBufferPointer<Float>, _ gradients: UnsafeMutableBufferPointer<Float>
    ) throws -> R
  ) rethrows -> R {
    try body(parameters.values.values, parameters.gradients.values)
  }

  /// A value of the latest forward pass: an output, a seed or a kept value.
  public func value(_ name: String) throws -> Tensor {
    guard let operation = flow.values[name], let view = view(of: operation) else {
      throw ZooError.usage(
        "the value \(name) was not kept" + suggestion(name, among: flow.values.keys))
    }
    return try tensor(view)
  }

  /// The gradient of a parameter by its full name, or of a requested value, after backward.
  public func gradient(of name: String) throws -> Tensor {
    if let slot = slots.first(where: { $0.parameter.name == name }) {
      return try Tensor(slot.parameter.shape, parameters.gradients.values[slot.range])
    }
    guard let operation = flow.gradients[name], let view = runner.gradient(of: operation) else {
      throw ZooError.usage(
        "no gradient of \(name) is computed"
          + suggestion(name, among: slots.map(\.parameter.name) + flow.gradients.keys))
    }
    return try tensor(view)
  }

  /// The current weights of the network, including running statistics.
  public var weights: Weights {
    get throws {
      var weights = Weights()
      for parameter in graph.parameters {
        weights[parameter.name] = try parameters.tensor(of: parameter)
      }
      return weights
    }
  }

  private func view(of operation: Int) -> TensorView? {
    guard let port = graph.inputs.firstIndex(where: { $0.operation == operation }) else {
      return runner.value(of: operation)
    }
    guard inputs.indices.contains(port) else { return nil }
    return inputs[port].withValues(\.baseAddress).map {
      TensorView(
        UnsafeMutablePointer(mutating: $0), batch: batch, shape: graph.operations[operation].shape)
    }
  }

  private func tensor(_ view: TensorView) throws -> Tensor {
    try Tensor(Shape([batch] + view.shape.sizes), view.values)
  }
}

extension TrainingPlan {
  /// The stages of a step, forward and then backward.
  public var stages: [PlanStage] { runner.stages }

  /// Records the time of every stage, if set.
  public var clock: StageClock? {
    get { runner.clock }
    set { runner.clock = newValue }
  }

  /// Records the time of every stage from the next step on.
  package func startProfile() { clock = StageClock() }

  /// The total time of each kernel's stages in the latest step.
  package var profile: [String: Duration] {
    zip(stages, clock?.laps ?? []).reduce(into: [:]) { $0[$1.0.kernel, default: .zero] += $1.1 }
  }
}
