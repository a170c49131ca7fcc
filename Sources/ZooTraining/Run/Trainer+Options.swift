import ZooKit
import ZooStore

extension Trainer {
  /// All options of a run, apart from the network and the data.
  public struct Options: Sendable {
    public var epochs = 10
    /// Ends the run after this many steps, even within an epoch. The unfinished epoch counts as
    /// one.
    public var steps: Int?
    public var batch = 32
    /// The number of batches whose gradients are summed before a step.
    public var accumulation = 1
    /// The highest learning rate; the schedule and a plateau lower it.
    public var rate = 0.01
    public var descent = Descent.Options(SGD())
    public var schedule: any Schedule = Constant()
    public var plateau: Plateau?
    public var freezing: Freezing = []
    public var seed: UInt64 = 0
    /// Whether to skip the last batch of an epoch if it is smaller than the others.
    public var dropsLast = false
    /// The metric that decides which epoch is best; nil means the first one, or the training loss
    /// without validation.
    public var metric: String?
    /// Whether the metric should rise or fall; nil means fall for the loss and rise for everything
    /// else.
    public var goal: Goal?
    /// Validates every so many epochs and after the last; other epochs are not compared.
    public var judgesEvery = 1
    /// Stops after this many epochs without a better metric.
    public var patience: Int?
    /// Saves every so many steps, in addition to the end of each epoch.
    public var saveEvery: Int?
    /// The number of prefetched batches. Affects only the speed.
    public var ahead = 2
    /// The number of bytes of features in memory, if there is a frozen prefix and the data does not
    /// vary; more goes to a file in the run's folder. Affects only the speed.
    public var featureMemory = 1 << 30

    public init() {}

    /// The number of steps in an epoch, for schedules that need it.
    public func stepsPerEpoch(items: Int) -> Int {
      let (whole, rest) = items.quotientAndRemainder(dividingBy: max(1, batch))
      let batches = max(1, whole + (rest > 1 && !dropsLast ? 1 : 0))
      return (batches + accumulation - 1) / max(1, accumulation)
    }

    /// How many epochs the equal mean of the weights has after this one, from 0.
    func collected(through epoch: Int) -> Int {
      guard case .lastEpochs(let count) = descent.averaging else { return 0 }
      return max(0, epoch + 1 - max(0, epochs - count))
    }

    /// Options that must be equal to resume a run.
    public var json: JSON {
      [
        "epochs": JSON(epochs), "steps": steps.map { JSON($0) } ?? nil, "batch": JSON(batch),
        "accumulation": JSON(accumulation),
        "rate": JSON(rate), "descent": descent.json, "schedule": schedule.json,
        "plateau": plateau?.json ?? nil, "freezing": freezing.json,
        // JSON's whole numbers end at 2⁶³.
        "seed": JSON(String(seed)), "dropsLast": JSON(dropsLast), "metric": JSON(metric),
        "goal": JSON(goal?.rawValue), "judgesEvery": JSON(judgesEvery),
        "patience": patience.map { JSON($0) } ?? nil,
      ]
    }

    func check() throws {
      func positive(_ value: Int?, _ name: String) throws {
        guard let value, value < 1 else { return }
        throw ZooError.usage("\(name) is \(value); it must be 1 or more")
      }
      try positive(epochs, "the number of epochs")
      try positive(steps, "the number of steps")
      try positive(judgesEvery, "“judges every”")
      try positive(batch, "the batch")
      try positive(accumulation, "the accumulation")
      try positive(patience, "the patience")
      try positive(saveEvery, "“save every”")
      guard rate > 0, rate.isFinite else {
        throw ZooError.usage("the learning rate is \(rate); it must be above 0")
      }
    }
  }
}
