import ZooKit

/// A program scheduled for training: works forward, then works backward.
final class ScheduledTraining: TrainingRunner {
  /// The slot of a value or gradient as a plain array.
  typealias Place = (slot: Schedule.Slot, shape: Shape)

  private let workspace: Workspace
  /// The number of forward works.
  private let forwardCount: Int
  private let inputs: [Schedule.Slot]
  private let values: [Program.Value: Place]
  private let gradients: [Program.Value: Place]
  var clock: StageClock?

  init(
    _ schedule: Schedule, _ parameters: LearnedParameters, forwardCount: Int,
    inputs: [Schedule.Slot], values: [Program.Value: Place], gradients: [Program.Value: Place]
  ) throws {
    workspace = try Workspace(schedule, parameters)
    self.forwardCount = forwardCount
    (self.inputs, self.values, self.gradients) = (inputs, values, gradients)
  }

  var arenaBytes: Int { workspace.bytes }
  var stages: [PlanStage] { workspace.stages }

  func forward(_ inputs: [UnsafePointer<Float>], _ random: Random) throws {
    workspace.lend(inputs, to: self.inputs)
    workspace.random = random
    clock?.start()
    try workspace.run(0..<forwardCount, clock)
  }

  func backward(
    _ seeds: [Program.Value: [Tensor]], _ random: Random, _ rule: Rule, accumulating: Bool
  ) throws {
    (workspace.seeds, workspace.random, workspace.rule) = (seeds, random, rule)
    workspace.isAccumulating = accumulating
    defer { workspace.seeds = [:] }
    clock?.resume()
    try workspace.run(forwardCount..<workspace.workCount, clock)
  }

  func value(of value: Program.Value) -> TensorView? { view(values[value]) }
  func gradient(of value: Program.Value) -> TensorView? { view(gradients[value]) }

  private func view(_ place: Place?) -> TensorView? {
    place.map { workspace.view($0.slot, $0.shape) }
  }
}
