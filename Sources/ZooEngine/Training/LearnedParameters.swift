import ZooKit

/// The parameters of a plan. Those that learn lie in one block and their gradients at the same
/// places in another, so that an optimiser goes over all of them in one sweep; running statistics
/// that move have a block of their own; the others stay where they were given.
public final class LearnedParameters {
  /// In the order of the graph. Each begins at a cache line; what lies between them is zero, and
  /// so are its gradients.
  let slots: [TrainingPlan.Slot]
  let values: Block
  let gradients: Block

  /// Changes when arrays that neither learn nor move lie elsewhere.
  private(set) var generation = 0
  private let statistics: Block
  private var given: Weights
  private let all: [Parameter]
  private let moving: [TrainingPlan.Slot]
  private let learned: [String: Range<Int>]
  /// Of what lies in a block.
  private let places: [String: (block: Block, range: Range<Int>)]

  init(_ weights: Weights, _ flow: GradientFlow) throws {
    let graph = flow.graph
    let all = graph.parameters
    let training = graph.operations.indices.filter { flow.isTraining[$0] }
    let moved = Set(training.flatMap { graph.operations[$0].parameters.map(\.name) })
    slots = LearnedParameters.laidOut(all.filter { flow.learning.contains($0.name) })
    let moving = LearnedParameters.laidOut(
      all.filter { !$0.role.isTrainable && moved.contains($0.name) })
    values = try Block(slots.last?.end ?? 0)
    gradients = try Block(zeros: values.count)
    statistics = try Block(moving.last?.end ?? 0)
    self.all = all
    self.moving = moving
    given = weights
    let blocks = [(values, slots), (statistics, moving)]
    places = Dictionary(
      uniqueKeysWithValues: blocks.flatMap { block, slots in
        slots.map { ($0.parameter.name, (block, $0.range)) }
      })
    learned = Dictionary(uniqueKeysWithValues: slots.map { ($0.parameter.name, $0.range) })
    for (block, slots) in blocks {
      for slot in slots {
        (block.base + slot.range.upperBound).update(
          repeating: 0, count: slot.end - slot.range.upperBound)
      }
    }
    try load(weights)
  }

  /// Takes other numbers for every parameter, or throws and leaves them as they were.
  func load(_ weights: Weights) throws {
    for parameter in all { _ = try weights.tensor(for: parameter) }
    for (block, slots) in [(values, slots), (statistics, moving)] {
      for slot in slots {
        try weights.tensor(for: slot.parameter).withValues { tensor in
          guard let source = tensor.baseAddress else { return }
          // Safe to share: the ranges do not overlap.
          nonisolated(unsafe) let pair = (to: block.base + slot.range.lowerBound, from: source)
          Threads.split(tensor.count) { range in
            (pair.to + range.lowerBound).update(
              from: pair.from + range.lowerBound, count: range.count)
          }
        }
      }
    }
    given = weights
    generation += 1
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
    if let (block, range) = places[parameter.name] { return block.view(range, parameter.shape) }
    guard let view = TensorView(constant: try given.tensor(for: parameter)) else {
      throw ZooError.failure("\(parameter.name) is empty")
    }
    return view
  }

  func learns(_ parameter: Parameter) -> Bool { learned[parameter.name] != nil }

  func gradient(of parameter: Parameter) -> TensorView? {
    learned[parameter.name].map { gradients.view($0, parameter.shape) }
  }

  /// Those that a part of the graph has, as they are now.
  func weights(of part: Graph) throws -> Weights {
    var weights = Weights()
    for parameter in part.parameters { weights[parameter.name] = try tensor(of: parameter) }
    return weights
  }

  /// A copy of the numbers as they are now.
  func tensor(of parameter: Parameter) throws -> Tensor {
    guard let (block, range) = places[parameter.name] else {
      return try given.tensor(for: parameter)
    }
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
