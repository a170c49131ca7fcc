import ZooKit
import ZooStore

/// Lowers the learning rate when a metric stops improving. Unlike a ``Schedule`` it depends on the
/// past, so it has a state, which a checkpoint saves.
public struct Plateau: Sendable {
  public var factor: Double
  /// The number of epochs without progress that are tolerated.
  public var patience: Int
  /// The smallest progress that counts, as a share of the best value.
  public var threshold: Double
  /// The number of epochs after a reduction in which lack of progress does not count.
  public var cooldown: Int
  /// The learning rate never falls below this factor.
  public var floor: Double
  public var state = State()

  public struct State: Hashable, Sendable {
    /// The current factor of the learning rate.
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

  /// Records the metric of an epoch. NaN is no progress.
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

  /// Its settings, for the record of a run.
  public var json: JSON {
    [
      "factor": JSON(factor), "patience": JSON(patience), "threshold": JSON(threshold),
      "cooldown": JSON(cooldown), "floor": JSON(floor),
    ]
  }
}

/// Whether a metric should rise or fall.
public enum Goal: String, Sendable, CaseIterable {
  case lowest, highest

  /// Whether a value is strictly better than the best so far; NaN never is.
  public func isBetter(_ value: Double, than best: Double?) -> Bool {
    guard let best else { return !value.isNaN }
    return self == .lowest ? value < best : value > best
  }

  /// The best of the values, the first on ties; nil if none is a number.
  public func best(of values: some Sequence<Double>) -> Double? {
    values.reduce(nil) { isBetter($1, than: $0) ? $1 : $0 }
  }
}
