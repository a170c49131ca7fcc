import ZooKit

extension Trainer {
  /// The results of a finished epoch.
  public struct Epoch: Sendable {
    /// From 1.
    public let number: Int
    /// Steps since the start of the run.
    public let step: Int
    /// The learning rate of the last step.
    public let rate: Double
    /// Means over the items of the epoch, measured during training: of the whole loss, and of each
    /// of the lesson's losses if there are several.
    public let loss: Double
    public let parts: [(name: String, value: Double)]
    /// The metrics of the evaluation.
    public let metrics: [(name: String, value: Double)]

    /// The value by which epochs are compared, and whether it should rise: the first metric, or the
    /// loss if nothing else was measured.
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

  /// A finished step.
  public struct Progress: Sendable {
    /// From 1.
    public let epoch: Int
    public let epochs: Int
    /// The finished batches of this epoch, and the number of all.
    public let batch: Int
    public let batches: Int
    public let step: Int
    public let loss: Double
    public let rate: Double
    public let gradientNorm: Double
    /// The rate of this step, including the time spent waiting for its batches.
    public let itemsPerSecond: Double
  }

  /// The result of a run.
  public struct Report: Sendable {
    public let epochs: [Epoch]
    /// The epoch of `best.h5`, from 1, and its metric; nil before one has ended.
    public let best: (epoch: Int, value: Double)?
    public let steps: Int
    /// The signal that interrupted it; the run is saved and can be resumed.
    public let interruption: Int32?
    /// Whether patience ran out.
    public let stoppedEarly: Bool
    /// Tensors whose bytes have not changed since the start, including running statistics, and the
    /// number of all tensors.
    public let unchanged: [String]
    public let tensors: Int
    /// The rate of this process, without evaluation.
    public let itemsPerSecond: Double

    /// “40 of 42 tensors are byte-identical to the start”
    public var comparison: String {
      "\(unchanged.count) of \(tensors) tensors are byte-identical to the start"
    }
  }
}
