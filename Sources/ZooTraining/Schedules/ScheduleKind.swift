/// Schedules by the names that users type.
public enum ScheduleKind: String, Sendable, CaseIterable {
  case constant, step, cosine, onecycle
  /// Constant by itself; what lowers it is a ``Plateau``.
  case plateau

  /// - Parameters:
  ///   - steps: of the whole run; `step` falls to a tenth after each third of them.
  ///   - warmUp: steps in which the rate grows from nothing.
  public func schedule(steps: Int, warmUp: Int = 0) -> any Schedule {
    let schedule: any Schedule =
      switch self {
      case .constant, .plateau: Constant()
      case .step: StepDecay(every: (steps + 2) / 3)
      case .cosine: CosineDecay(steps: steps)
      case .onecycle: OneCycle(steps: steps)
      }
    return warmUp > 0 ? WarmUp(steps: warmUp, then: schedule) : schedule
  }
}
