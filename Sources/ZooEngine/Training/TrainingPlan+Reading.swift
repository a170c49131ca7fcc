import ZooKit

extension TrainingPlan {
  /// Where a parameter lies in the block of those that learn.
  public struct Slot: Sendable {
    public let parameter: Parameter
    public let range: Range<Int>
  }

  /// Everything that learns, in the order of the block.
  public var slots: [Slot] { parameters.slots }

  /// Lets an optimiser at the parameters and their gradients: one contiguous block each, a number
  /// and its gradient at the same index. What lies between two slots is zero in both.
  public func update<R>(
    _ body: (
      _ values: UnsafeMutableBufferPointer<Float>, _ gradients: UnsafeMutableBufferPointer<Float>
    ) throws -> R
  ) rethrows -> R {
    try body(parameters.values.values, parameters.gradients.values)
  }

  /// A value of the latest forward pass: an output, a seed or one that is kept.
  public func value(_ name: String) throws -> Tensor {
    guard let operation = walk.values[name], let view = view(of: operation) else {
      throw ZooError.usage(
        "the value \(name) was not kept" + suggestion(name, among: walk.values.keys))
    }
    return try tensor(view)
  }

  /// Of a parameter by its full name, or of a value that was asked for, after the backward pass.
  public func gradient(of name: String) throws -> Tensor {
    if let slot = slots.first(where: { $0.parameter.name == name }) {
      return try Tensor(slot.parameter.shape, parameters.gradients.values[slot.range])
    }
    guard let operation = walk.gradients[name], let view = runner.gradient(of: operation) else {
      throw ZooError.usage(
        "no gradient of \(name) is computed"
          + suggestion(name, among: slots.map(\.parameter.name) + walk.gradients.keys))
    }
    return try tensor(view)
  }

  /// The network as it has learned so far, running statistics included.
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
  /// Counts from now on how long each kind of work takes, where the engine can tell.
  package func startProfile() { (runner as? OneDNNTraining)?.profile = [:] }

  /// How long works of each name have taken together since.
  package var profile: [String: Duration] { (runner as? OneDNNTraining)?.profile ?? [:] }
}
