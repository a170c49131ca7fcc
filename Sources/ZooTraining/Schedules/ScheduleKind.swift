/// Schedules by the names that users type.
public enum ScheduleKind: String, Sendable, CaseIterable {
  case constant, step, cosine, onecycle
  /// Constant by itself; a ``Plateau`` lowers the rate.
  case plateau

  /// - Parameters:
  ///   - steps: the steps of the whole run; `step` divides the rate by ten after each third.
  ///   - warmUp: the steps in which the rate rises from zero.
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
