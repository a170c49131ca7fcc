import ZooKit

extension Trainer {
  /// What is known of an epoch that has ended.
  public struct Epoch: Sendable {
    /// From 1.
    public let number: Int
    /// Steps since the run began.
    public let step: Int
    /// Of the last step.
    public let rate: Double
    /// Means over the items of the epoch, measured while it learned: the whole, and each of
    /// the lesson's losses where it has several.
    public let loss: Double
    public let parts: [(name: String, value: Double)]
    /// What the evaluation said.
    public let metrics: [(name: String, value: Double)]

    /// By which epochs are compared, and which way is better: the first metric, or the loss where
    /// nothing else was measured.
    func watched(_ options: Options) throws -> (value: Double, goal: Goal) {
      let known = metrics + [("loss", loss)]
      let name = options.metric ?? known[0].name
      guard let metric = known.first(where: { $0.name == name }) else {
        throw ZooError.usage(
          "no metric “\(name)” is measured" + suggestion(name, among: known.map(\.name)))
      }
      return (metric.value, options.goal ?? (name == "loss" ? .lowest : .highest))
    }
  }

  /// A step that has been taken.
  public struct Progress: Sendable {
    /// From 1.
    public let epoch: Int
    public let epochs: Int
    /// Batches of this epoch that are done, and all of them.
    public let batch: Int
    public let batches: Int
    public let step: Int
    public let loss: Double
    public let rate: Double
    public let gradientNorm: Double
    /// Of this step, waiting for its batches included.
    public let itemsPerSecond: Double
  }

  /// What a run has to say for itself.
  public struct Report: Sendable {
    public let epochs: [Epoch]
    /// The epoch of `best.h5`, from 1, and its metric; nil before one has ended.
    public let best: (epoch: Int, value: Double)?
    public let steps: Int
    /// The signal that ended it; the run is saved and can go on.
    public let interruption: Int32?
    /// Patience ran out.
    public let stoppedEarly: Bool
    /// Tensors whose bytes are those it started with, running statistics included, of so many.
    public let unchanged: [String]
    public let tensors: Int
    /// Of this process, evaluation not counted.
    public let itemsPerSecond: Double

    /// “40 of 42 tensors are byte-identical to the start”
    public var comparison: String {
      "\(unchanged.count) of \(tensors) tensors are byte-identical to the start"
    }
  }
}
