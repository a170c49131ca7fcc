import ZooEngine
import ZooKit
import ZooStore

/// Trains a network and keeps a folder about it from which the run can go on, to the bit, whatever
/// ended it.
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
  /// Where it starts: a checkpoint's weights, and random ones for what is new.
  public let weights: Weights
  public let source: any BatchSource
  public let lesson: any Lesson
  public let options: Options
  public let engine: any Engine

  /// Judges weights after an epoch: metrics by name, in the order in which they are listed.
  public var evaluate: ((Weights) throws -> [(name: String, value: Double)])?
  /// The names that ``evaluate`` gives, for the log's columns before it was first asked: needed
  /// where not every epoch is judged.
  public var metrics: [String] = []
  /// The record of a checkpoint, `/meta`, given what is known of its epoch; nil before the first
  /// has ended. Two runs of the same options must get the same, so it should have no date in it.
  public var record: (Epoch?) throws -> JSON = { _ in JSON(.object([])) }
  /// The golden pair for `best.h5`.
  public var proof: ((Weights) throws -> Golden)?
  /// More to say in `run.json`: arguments, versions.
  public var about: JSON = JSON(.object([]))
  /// Told after every step.
  public var progress: (Progress) -> Void = { _ in }
  /// Told when an epoch has been judged.
  public var epochEnded: (Epoch) -> Void = { _ in }
  /// Told how many items a frozen prefix has seen, of how many, before the steps that learn
  /// from what it gave; see ``BatchSource/isFixed``.
  public var featureProgress: (_ done: Int, _ items: Int) -> Void = { _, _ in }
  /// Asks the run to save and return.
  public var interruption: Interruption?

  /// The calls that write; tests let them fail.
  package var calls = SystemCalls.real

  /// - Parameters:
  ///   - graph: the network; what a frozen stage begins with runs as inference does.
  ///   - weights: where it starts.
  ///   - source: of the batches.
  ///   - lesson: what it is trained for.
  ///   - options: of the run.
  ///   - engine: what computes; the fastest there is, if nothing else is said.
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

  /// With the engine that users choose.
  public init(
    _ graph: Graph, _ weights: Weights, _ source: any BatchSource, lesson: any Lesson,
    options: Options = .init(), engine: EngineChoice
  ) throws {
    self.init(
      graph, weights, source, lesson: lesson, options: options, engine: try engine.engine())
  }

  /// Trains to the end, or until something asks it to stop. A run that fails before it has learned
  /// from a batch leaves no files.
  /// - Parameters:
  ///   - folder: of the run; created where it is not there.
  ///   - resuming: goes on where the run in this folder was last saved, with the same options, data
  ///     and starting weights. Without it a folder that holds a run is an error.
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
