import ZooEngine
import ZooKit
import ZooStore

/// Trains a network, and keeps a folder from which the run can resume to the bit, however it ended.
///
/// ```swift
/// var options = Trainer.Options()
/// options.freezing = [.backbone]
/// options.schedule = WarmUp(steps: 20, then: CosineDecay(steps: 500))
/// let objective: Objective = [.init("logits", CrossEntropy())]
/// var trainer = Trainer(graph, weights, pictures, lesson: objective, options: options)
/// trainer.evaluate = { weights in [("top1", try accuracy(weights))] }
/// let report = try trainer.run(in: "ants-and-bees", resuming: false)
/// ```
public struct Trainer {
  public let graph: Graph
  /// The initial weights: a checkpoint's, and random ones for new layers.
  public let weights: Weights
  public let source: any BatchSource
  public let lesson: any Lesson
  public let options: Options
  public let engine: any Engine

  /// Evaluates weights after an epoch: metrics by name, in the order in which they are listed.
  public var evaluate: ((Weights) throws -> [(name: String, value: Double)])?
  /// Computes what weights do not learn but depend on, the statistics of norms: for the equal mean of
  /// several epochs' weights, which no step has seen.
  public var settle: ((Weights) throws -> Weights)?
  /// The names of the metrics of ``evaluate``, for the log's columns before the first evaluation;
  /// needed if not every epoch is evaluated.
  public var metrics: [String] = []
  /// The record of a checkpoint, `/meta`, from the results of its epoch; nil before the first has
  /// ended. Two runs with the same options must get the same record, so it should contain no date.
  public var record: (Epoch?) throws -> JSON = { _ in JSON(.object([])) }
  /// The golden pass for `best.h5`.
  public var proof: ((Weights) throws -> Golden)?
  /// Additional members of `run.json`: arguments, versions.
  public var about: JSON = JSON(.object([]))
  /// Called after every step.
  public var progress: (Progress) -> Void = { _ in }
  /// Called after an epoch has been evaluated.
  public var epochEnded: (Epoch) -> Void = { _ in }
  /// Called with the number of items whose features the frozen prefix has computed, and the number
  /// of all, before training starts; see ``BatchSource/isFixed``.
  public var featureProgress: (_ done: Int, _ items: Int) -> Void = { _, _ in }
  /// Requests the run to save and return.
  public var interruption: Interruption?

  /// The system calls for writing; tests make them fail.
  package var calls = SystemCalls.real

  /// - Parameters:
  ///   - graph: the network; its frozen prefix runs as in inference.
  ///   - weights: the initial weights.
  ///   - source: the source of batches.
  ///   - lesson: what the network is trained for.
  ///   - options: the options of the run.
  ///   - engine: the engine; by default the fastest.
  public init(
    _ graph: Graph, _ weights: Weights, _ source: any BatchSource, lesson: any Lesson,
    options: Options = .init(), engine: any Engine = EngineChoice.fastest
  ) {
    self.graph = graph
    self.weights = weights
    self.source = source
    self.lesson = lesson
    self.options = options
    self.engine = engine
  }

  /// With the user's choice of engine.
  public init(
    _ graph: Graph, _ weights: Weights, _ source: any BatchSource, lesson: any Lesson,
    options: Options = .init(), engine: EngineChoice
  ) throws {
    self.init(
      graph, weights, source, lesson: lesson, options: options, engine: try engine.engine())
  }

  /// Trains until the end or an interruption. A run that fails before its first step leaves no
  /// files.
  /// - Parameters:
  ///   - folder: the folder of the run, which is created if necessary.
  ///   - resuming: whether to resume the run in this folder, with the same options, data and
  ///     initial weights. Otherwise a folder that contains a run is an error.
  public func run(in folder: String, resuming: Bool = false) throws -> Report {
    try options.check()
    guard options.judgesEvery == 1 || evaluate == nil || !metrics.isEmpty else {
      throw ZooError.failure("not every epoch is judged, and nothing says which metrics there are")
    }
    let place = try RunFolder(folder, resuming: resuming, calls)
    do {
      return try TrainingRun(self, place, resuming: resuming).run()
    } catch {
      place.discardUnlessBegun()
      throw error
    }
  }
}
