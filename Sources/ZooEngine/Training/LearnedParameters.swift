import ZooKit

/// The parameters of a plan. Those that learn lie in one block and their gradients at the same
/// places in another, so that an optimiser goes over all of them in one sweep; running statistics
/// that move have a block of their own; the others stay where they were given.
struct LearnedParameters {
  /// In the order of the graph. Each begins at a cache line; what lies between them is zero, and
  /// so are its gradients.
  let slots: [TrainingPlan.Slot]
  let values: Block
  let gradients: Block

  private let statistics: Block
  private let given: Weights
  private let learned: [String: Range<Int>]
  private let moving: [String: Range<Int>]

  init(_ graph: Graph, _ weights: Weights, _ walk: Walk) throws {
    let all = graph.parameters
    let training = graph.operations.indices.filter { walk.isTraining[$0] }
    let moved = Set(training.flatMap { graph.operations[$0].parameters.map(\.name) })
    slots = LearnedParameters.laidOut(all.filter { walk.learning.contains($0.name) })
    let moving = LearnedParameters.laidOut(
      all.filter { !$0.role.isTrainable && moved.contains($0.name) })
    values = try Block(slots.last?.end ?? 0)
    gradients = try Block(zeros: values.count)
    statistics = try Block(moving.last?.end ?? 0)
    for (block, slots) in [(values, slots), (statistics, moving)] {
      for slot in slots {
        try weights.tensor(for: slot.parameter).withValues { tensor in
          guard let source = tensor.baseAddress else { return }
          (block.base + slot.range.lowerBound).update(from: source, count: tensor.count)
        }
        (block.base + slot.range.upperBound).update(
          repeating: 0, count: slot.end - slot.range.upperBound)
      }
    }
    given = weights
    learned = Dictionary(uniqueKeysWithValues: slots.map { ($0.parameter.name, $0.range) })
    self.moving = Dictionary(uniqueKeysWithValues: moving.map { ($0.parameter.name, $0.range) })
  }

  private static func laidOut(_ parameters: [Parameter]) -> [TrainingPlan.Slot] {
    var slots: [TrainingPlan.Slot] = []
    for parameter in parameters {
      let start = slots.last?.end ?? 0
      slots.append(.init(parameter: parameter, range: start..<start + parameter.shape.count))
    }
    return slots
  }

  /// Where the numbers are now.
  func value(of parameter: Parameter) throws -> TensorView {
    if let range = learned[parameter.name] { return values.view(range, parameter.shape) }
    if let range = moving[parameter.name] { return statistics.view(range, parameter.shape) }
    guard let view = TensorView(constant: try given.tensor(for: parameter)) else {
      throw ZooError.failure("\(parameter.name) is empty")
    }
    return view
  }

  func gradient(of parameter: Parameter) -> TensorView? {
    learned[parameter.name].map { gradients.view($0, parameter.shape) }
  }

  /// A copy of the numbers as they are now.
  func tensor(of parameter: Parameter) throws -> Tensor {
    guard let range = learned[parameter.name] ?? moving[parameter.name] else {
      return try given.tensor(for: parameter)
    }
    let block = learned[parameter.name] == nil ? statistics : values
    return try Tensor(parameter.shape, block.values[range])
  }
}

extension TrainingPlan.Slot {
  /// Where the next one begins.
  fileprivate var end: Int { (range.upperBound + 15) & ~15 }
}

extension Block {
  fileprivate func view(_ range: Range<Int>, _ shape: Shape) -> TensorView {
    TensorView(base + range.lowerBound, batch: 1, shape: shape)
  }
}
