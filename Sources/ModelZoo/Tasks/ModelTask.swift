import ZooData
import ZooEngine
import ZooExplain
import ZooKit
import ZooStore
import ZooMetrics
import ZooTraining
import ZooVision

/// A task: the networks that can do it, and how they are trained, run and evaluated. No code outside
/// a task's folder checks which task it is.
///
/// Documentation/task.md shows how to add one.
public protocol ModelTask: Sendable {
  var name: VisionTask { get }

  // MARK: Networks

  /// Whether networks of this architecture can do it, with a suitable head.
  func suits(_ architecture: any Architecture) -> Bool

  /// The preprocessing if neither checkpoint nor family has any.
  /// - Parameter input: of the architecture, with as many channels as the pictures.
  func preprocessing(for input: Shape) -> Preprocessing

  /// The word for one of them: “class”.
  var outputName: String { get }

  /// The names of ground truth and answers, by their numbers.
  func classes(of checkpoint: Checkpoint) -> [String]

  /// Random weights, as training from scratch starts with.
  func randomWeights(for architecture: any Architecture, _ graph: Graph, seed: UInt64) throws
    -> Weights

  /// Runs a batch N×C×H×W: all outputs and the kept values, by name.
  func run(
    _ model: Model, _ batch: Tensor, keeping: [String], engine: EngineChoice, precision: Precision
  ) throws -> [String: Tensor]

  /// From pictures to answers, if that is more than the network alone; `zoo bench` times it.
  func pipeline(for model: consuming Model, engine: EngineChoice, precision: Precision) throws
    -> any Pipeline

  /// Whether there is such a pipeline.
  var hasPipeline: Bool { get }

  // MARK: Learning

  /// The head turns pooled features into a vector, so `--head linear` and `mlp` work, and a single
  /// layer over frozen features can learn at a high rate.
  var takesAnyHead: Bool { get }

  /// The default of `--freeze`; nil is the backbone, if it has been trained.
  func usuallyFrozen(in architecture: any Architecture) -> [String]?

  var augmentation: AugmentationPresets { get }

  /// The defaults of rate, batch, length and augmentation.
  /// `options`: head, optimiser and what is frozen are settled.
  func usual(for model: Model, _ options: Finetuning, from start: TrainingStart) -> UsualTraining

  /// Renumbers the classes for the network, and settles the options about them.
  func numbered(_ data: Dataset, for model: Model, _ options: inout Finetuning) throws -> Dataset

  /// Rejects data that is useless for training or validation.
  func check(_ data: Dataset, train: Split, validation: Split) throws

  /// The record at the start of a run, for the picture size in the options.
  func record(
    _ checkpoint: Checkpoint, for architecture: any Architecture, learning train: Split,
    _ options: Finetuning
  ) throws -> Checkpoint

  /// Changes the network before training. The model has its new head and classes; `new` names the
  /// tensors that were initialised at random.
  func prepared(_ model: Model, new: [String], learning train: Split, _ options: Finetuning) throws
    -> Model

  /// Fits preprocessing and augmentation to the network's input.
  func fit(
    _ preprocessing: inout Preprocessing, _ augmentation: inout AugmentationPlan, to input: Shape)

  /// The loss, and the names of inputs and targets.
  func lesson(for model: Model, learning train: Split, _ options: Finetuning) throws -> TaskLesson

  // MARK: Judging

  func examiner(for exam: Exam) -> any Examiner

  /// Fits the confidence of the answers to pictures that the model has not learned from, and how
  /// pictures are told that are unlike all that it knows.
  /// - Parameters:
  ///   - model: the model to calibrate.
  ///   - exam: the pictures that it has not learned from.
  ///   - known: pictures that the model has learned from, if there are any.
  ///   - falseAlarms: the share of known pictures that may be told as unknown.
  func calibrated(_ model: Model, on exam: Exam, known: Split?, falseAlarms: Double) throws
    -> Calibrated

  /// The metric by which epochs are compared.
  var metric: String { get }
  /// Whether the metric should rise or fall; nil means rise.
  var goal: Goal? { get }

  /// The metrics that the log of a run has a column for.
  func logged(classes: Int) -> [String]

  /// The record with what the evaluation of an epoch decides, such as a threshold.
  /// `metrics`: those that are logged.
  func judged(_ checkpoint: Checkpoint, as metrics: [(name: String, value: Double)]) -> Checkpoint

  /// The metrics of a published checkpoint: the field's name and the name in a report.
  var published: KeyValuePairs<String, String> { get }

  // MARK: Answers

  /// The kinds of views of a picture for which answers can be combined.
  var viewKinds: [PictureView.Kind] { get }

  func views(_ kinds: [PictureView.Kind]) -> [PictureView]

  /// The options of a predictor whose answers are combined with others.
  func optionsOfMembers(_ options: TaskOptions) -> TaskOptions

  /// One answer for a picture out of those of several models and views.
  /// - Parameters:
  ///   - seen: at least one answer.
  ///   - size: the picture's.
  ///   - classes: of every model.
  ///   - options: the user's.
  func combined(
    _ seen: [SeenPrediction], of size: Window.Size, classes: [String], _ options: TaskOptions
  ) throws -> any Prediction

  /// Options of `zoo explain` that are the task's own.
  var explainingOptions: [TaskOption] { get }

  /// The network's input C×H×W for a picture, and its place in it.
  func explainedInput(of picture: Picture, for model: Model) throws
    -> (input: Tensor, placement: Placement)

  /// The number of an answer that a target means; neurons are the same for every task.
  func subject(_ target: ExplanationTarget, of view: ExplainedView, _ options: TaskOptions) throws
    -> any Subject

  /// Options of `zoo predict` that are the task's own.
  var options: [TaskOption] { get }
  /// And of `zoo evaluate`.
  var judgingOptions: [TaskOption] { get }

  /// The pictures that are worth computing together.
  var usualBatch: Int { get }

  /// A model for callers on any number of threads.
  /// `load`: how many pictures come at once, if that is known.
  func predictor(
    for model: consuming Model, engine: EngineChoice, precision: Precision, _ options: TaskOptions,
    load: Load?
  ) throws -> any Predictor
}

/// A task's lesson for a network.
public struct TaskLesson {
  public let lesson: any Lesson
  public let batch: @Sendable (SampleBatch) throws -> Batch

  public init(_ lesson: any Lesson, batch: @escaping @Sendable (SampleBatch) throws -> Batch) {
    (self.lesson, self.batch) = (lesson, batch)
  }
}
