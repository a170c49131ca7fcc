import ZooKit
import ZooStore

extension Trainer {
  /// Everything that decides how a run goes, beside the network and the data.
  public struct Options: Sendable {
    public var epochs = 10
    /// Ends the run after so many steps, if the epochs do not end it before. The part of an epoch
    /// that was learned till then counts as one.
    public var steps: Int?
    public var batch = 32
    /// Batches whose gradients are added before a step.
    public var accumulation = 1
    /// The highest learning rate; the schedule and a plateau lower it.
    public var rate = 0.01
    public var descent = Descent.Options(SGD())
    public var schedule: any Schedule = Constant()
    public var plateau: Plateau?
    public var freezing: Freezing = []
    public var seed: UInt64 = 0
    /// Leaves out the last batch of an epoch where it is smaller than the others.
    public var dropsLast = false
    /// The metric that decides what is best; nil is the first one, or the loss of training where
    /// nothing is evaluated.
    public var metric: String?
    /// Which way it should go; nil is down for the loss and up for everything else.
    public var goal: Goal?
    /// Evaluates after each so many epochs, and after the last; the others are not compared.
    public var judgesEvery = 1
    /// Stops after so many epochs without a better metric.
    public var patience: Int?
    /// Saves after so many steps; at the end of each epoch in any case.
    public var saveEvery: Int?
    /// Batches in the making while one is learned. Changes the speed and nothing else.
    public var ahead = 2
    /// Bytes of features that may lie in memory, where a beginning is frozen and the data does not
    /// vary; more than that goes to a file in the folder of the run. Changes the speed and nothing
    /// else.
    public var featureMemory = 1 << 30

    public init() {}

    /// Steps that an epoch takes, for schedules that must know.
    public func stepsPerEpoch(items: Int) -> Int {
      let (whole, rest) = items.quotientAndRemainder(dividingBy: max(1, batch))
      let batches = max(1, whole + (rest > 1 && !dropsLast ? 1 : 0))
      return (batches + accumulation - 1) / max(1, accumulation)
    }

    /// What must be the same for a run to be resumed.
    public var json: JSON {
      [
        "epochs": JSON(epochs), "steps": steps.map { JSON($0) } ?? nil, "batch": JSON(batch),
        "accumulation": JSON(accumulation),
        "rate": JSON(rate), "descent": descent.json, "schedule": schedule.json,
        "plateau": plateau?.json ?? nil, "freezing": freezing.json,
        // Whole numbers of JSON end at 2⁶³.
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
