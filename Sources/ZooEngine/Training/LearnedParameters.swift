import ZooKit

/// The parameters of a plan. Learned parameters are in one block, and their gradients at the same
/// positions in another, so that an optimiser updates all of them in one sweep. Running statistics
/// that are updated have a separate block; other parameters stay where they were.
public final class LearnedParameters {
  /// In the order of the graph. Each starts at a cache line; the gaps between them are zero, and so
  /// are their gradients.
  let slots: [TrainingPlan.Slot]
  let values: Block
  let gradients: Block

  /// Changes when arrays that neither learn nor are updated move.
  private(set) var generation = 0
  private let statistics: Block
  private var given: Weights
  private let all: [Parameter]
  private let moving: [TrainingPlan.Slot]
  private let learned: [String: Range<Int>]
  /// The positions of the parameters in a block.
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

  /// Replaces the values of all parameters, or throws and leaves them unchanged.
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

  /// The current values.
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

  /// The current parameters of a part of the graph.
  func weights(of part: Graph) throws -> Weights {
    var weights = Weights()
    for parameter in part.parameters { weights[parameter.name] = try tensor(of: parameter) }
    return weights
  }

  /// A copy of the current values.
  func tensor(of parameter: Parameter) throws -> Tensor {
    guard let (block, range) = places[parameter.name] else {
      return try given.tensor(for: parameter)
    }
    return try Tensor(parameter.shape, block.values[range])
  }
}

extension TrainingPlan.Slot {
  /// The start of the next slot.
  fileprivate var end: Int { (range.upperBound + 15) & ~15 }
}

extension Block {
  fileprivate func view(_ range: Range<Int>, _ shape: Shape) -> TensorView {
    TensorView(base + range.lowerBound, batch: 1, shape: shape)
  }
}
