import ZooKit

/// Lowers the learning rate when a metric no longer gets better. Unlike a ``Schedule`` it depends on
/// what happened, and so it has a state, which a checkpoint keeps.
public struct Plateau: Sendable {
  public var factor: Double
  /// How many epochs without progress are borne.
  public var patience: Int
  /// The least progress that counts, as a share of the best so far.
  public var threshold: Double
  /// Epochs after a reduction in which nothing is counted.
  public var cooldown: Int
  /// The learning rate never falls below this factor.
  public var floor: Double
  public var state = State()

  public struct State: Hashable, Sendable {
    /// By which the learning rate is multiplied now.
    public var scale = 1.0
    public var best: Double?
    public var bad = 0
    public var cooling = 0

    public init() {}
  }

  public init(
    factor: Double = 0.1, patience: Int = 10, threshold: Double = 1e-4, cooldown: Int = 0,
    floor: Double = 0
  ) {
    self.factor = factor
    self.patience = patience
    self.threshold = threshold
    self.cooldown = cooldown
    self.floor = floor
  }

  /// Takes the metric of an epoch. One that is not a number is no progress.
  public mutating func observe(_ metric: Double, _ goal: Goal) {
    let isBetter =
      switch (goal, state.best) {
      case (_, nil): !metric.isNaN
      case (.lowest, let best?): metric < best * (1 - threshold)
      case (.highest, let best?): metric > best * (1 + threshold)
      }
    if isBetter { state.best = metric }
    state.bad = isBetter ? 0 : state.bad + 1
    if state.cooling > 0 {
      state.cooling -= 1
      state.bad = 0
    }
    guard state.bad > patience else { return }
    state.scale = max(state.scale * factor, floor)
    state.cooling = cooldown
    state.bad = 0
  }

  /// How it was set, for the record of a run.
  public var json: JSON {
    [
      "factor": JSON(factor), "patience": JSON(patience), "threshold": JSON(threshold),
      "cooldown": JSON(cooldown), "floor": JSON(floor),
    ]
  }
}

/// Which way a metric should go.
public enum Goal: String, Sendable, CaseIterable {
  case lowest, highest

  /// Whether a value is strictly better than the best so far; one that is not a number never is.
  public func isBetter(_ value: Double, than best: Double?) -> Bool {
    guard let best else { return !value.isNaN }
    return self == .lowest ? value < best : value > best
  }
}
