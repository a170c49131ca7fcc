import ZooKit

/// A scheduled program, ready to run.
final class ScheduledExecutable: Executable {
  private let schedule: Schedule
  private let workspace: Workspace
  private let names: [String]
  private let inputs: [Schedule.Slot]
  private let outputs: [(slot: Schedule.Slot, shape: Shape)]

  /// - Parameters:
  ///   - inputs: slots in the order of the program's inputs.
  ///   - outputs: slots of the outputs, each as a plain array.
  init(
    _ schedule: Schedule, _ program: Program, inputs: [Schedule.Slot], outputs: [Schedule.Slot]
  ) throws {
    self.schedule = schedule
    workspace = try Workspace(schedule)
    names = program.inputs.map(\.name)
    self.inputs = inputs
    self.outputs = zip(outputs, program.outputs).map { ($0, program.shapes[$1.value]) }
  }

  private init(copyOf other: ScheduledExecutable) throws {
    (schedule, names, inputs, outputs) = (other.schedule, other.names, other.inputs, other.outputs)
    workspace = try Workspace(schedule)
  }

  func copy() throws -> (any Executable)? { try ScheduledExecutable(copyOf: self) }

  var arenaBytes: Int { workspace.bytes }
  var stages: [PlanStage] { workspace.stages }

  func run(
    _ inputs: [UnsafePointer<Float>], _ clock: StageClock?, _ read: ([TensorView]) throws -> Void
  ) throws {
    guard inputs.count == names.count else {
      throw ZooError.usage(
        "the network takes \(names.joined(separator: ", ")), not \(inputs.count) inputs")
    }
    workspace.lend(inputs, to: self.inputs)
    clock?.start()
    try workspace.run(0..<workspace.workCount, clock)
    try read(outputs.map { workspace.view($0.slot, $0.shape) })
  }
}
