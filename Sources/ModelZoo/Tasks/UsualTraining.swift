import ZooData

/// The defaults of a training that depend on the task and on the network.
public struct UsualTraining: Sendable {
  /// The highest learning rate.
  public var rate: Double
  public var augmentation: AugmentationPlan.Preset
  public var batch: Int
  public var epochs: Int
  /// With few pictures there are more epochs, until the run has this many steps.
  public var leastSteps: Int
  public var warmupSteps: Int

  public init(
    rate: Double, augmentation: AugmentationPlan.Preset, batch: Int = 32, epochs: Int = 10,
    leastSteps: Int = 0, warmupSteps: Int = 0
  ) {
    (self.rate, self.augmentation, self.batch) = (rate, augmentation, batch)
    (self.epochs, self.leastSteps, self.warmupSteps) = (epochs, leastSteps, warmupSteps)
  }
}

/// What a training starts with.
public enum TrainingStart: Sendable {
  /// Features that stay as they are, under a single new layer.
  case features
  /// A frozen backbone under a deeper head.
  case body
  /// A trained network, of which more than the head learns.
  case whole
  /// Random weights, also outside of the head.
  case random
}
