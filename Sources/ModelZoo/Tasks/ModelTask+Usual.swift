import ZooData
import ZooEngine
import ZooExplain
import ZooKit
import ZooStore
import ZooTraining
import ZooVision

// The defaults.
extension ModelTask {
  public var outputName: String { "class" }

  public func classes(of checkpoint: Checkpoint) -> [String] { checkpoint.classes }

  public func preprocessing(for input: Shape) -> Preprocessing {
    input.channels == 1
      ? Preprocessing(
        resize: .exact(height: input.height, width: input.width), channels: .grey, mean: [0.5],
        std: [0.25])
      : Preprocessing(
        resize: .exact(height: input.height, width: input.width),
        mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])
  }

  public func run(
    _ model: Model, _ batch: Tensor, keeping: [String], engine: EngineChoice, precision: Precision
  ) throws -> [String: Tensor] {
    let plan = try model.plan(
      batch: batch.shape[0], input: Shape(Array(batch.shape.sizes.dropFirst())), keeping: keeping,
      engine: engine, precision: precision)
    return try plan.run([plan.inputs[0].name: batch])
  }

  public var hasPipeline: Bool { false }

  public func pipeline(
    for model: consuming Model, engine: EngineChoice, precision: Precision
  ) throws -> any Pipeline {
    throw ZooError.usage(
      "\(model.name) is for \(name.rawValue) and has no pipeline beside its network")
  }

  public var explainingOptions: [TaskOption] { [] }

  public func explainedInput(of picture: Picture, for model: Model) throws
    -> (input: Tensor, placement: Placement)
  {
    let preprocessing = model.checkpoint.preprocessing
    return (
      try preprocessing.tensor(from: picture), try preprocessing.placement(of: picture.size)
    )
  }

  public func subject(
    _ target: ExplanationTarget, of view: ExplainedView, _ options: TaskOptions
  ) throws -> any Subject {
    throw ZooError.usage(
      "\(view.model.name) is for \(name.rawValue), of whose answers nothing is explained; "
        + "--neuron STAGE:CHANNEL explains a number of a layer")
  }

  public var takesAnyHead: Bool { false }
  public func usuallyFrozen(in architecture: any Architecture) -> [String]? { nil }

  /// A single layer over a frozen backbone can learn at a high rate, and as it sees the same pictures
  /// in each epoch, its features are computed once, so more epochs cost little. A pretrained network that learns as a whole needs
  /// a low rate; one with random weights does not.
  public func usual(for model: Model, _ options: Finetuning, from start: TrainingStart)
    -> UsualTraining
  {
    let isSGD = options.optimizer == .sgd
    let rate =
      switch start {
      case .features: isSGD ? 0.1 : 0.01
      case .random: isSGD ? 0.05 : 1e-3
      case .body: isSGD ? 0.01 : 1e-3
      case .whole: isSGD ? 0.003 : 1e-4
      }
    let isFrozen = options.freeze == [Stage.backbone] && options.unfreezeAt == nil
    return UsualTraining(
      rate: rate, augmentation: isFrozen ? .none : .light, epochs: start == .features ? 20 : 10)
  }

  public func numbered(_ data: Dataset, for model: Model, _ options: inout Finetuning) throws
    -> Dataset
  { data }

  public func check(_ data: Dataset, train: Split, validation: Split) throws {}

  public func record(
    _ checkpoint: Checkpoint, for architecture: any Architecture, learning train: Split,
    _ options: Finetuning
  ) throws -> Checkpoint {
    options.size.map(checkpoint.sized) ?? checkpoint
  }

  public func randomWeights(
    for architecture: any Architecture, _ graph: Graph, seed: UInt64
  ) throws -> Weights {
    try Weights(randomFor: graph, seed: seed)
  }

  public func prepared(
    _ model: Model, new: [String], learning train: Split, _ options: Finetuning
  ) throws -> Model { model }

  public func fit(
    _ preprocessing: inout Preprocessing, _ augmentation: inout AugmentationPlan, to input: Shape
  ) {}

  public func calibrated(
    _ model: Model, on exam: Exam, known: Split?, falseAlarms: Double
  ) throws -> Calibrated {
    throw ZooError.usage(
      "\(model.name) is for \(name.rawValue), whose confidence cannot be calibrated")
  }

  public var viewKinds: [PictureView.Kind] { [] }
  public func views(_ kinds: [PictureView.Kind]) -> [PictureView] { PictureView.views(kinds) }
  public func optionsOfMembers(_ options: TaskOptions) -> TaskOptions { options }

  public func combined(
    _ seen: [SeenPrediction], of size: Window.Size, classes: [String], _ options: TaskOptions
  ) throws -> any Prediction {
    throw ZooError.usage("several answers for \(name.rawValue) cannot be combined")
  }

  public var goal: Goal? { nil }
  public var usualBatch: Int { 1 }

  public func judged(_ checkpoint: Checkpoint, as metrics: [(name: String, value: Double)])
    -> Checkpoint
  { checkpoint }

  public var options: [TaskOption] { [] }
  public var judgingOptions: [TaskOption] { [] }
}

extension Preprocessing {
  /// The preprocessing without a checkpoint.
  /// - Parameter channels: of the pictures, if not the architecture's.
  static func usual(for architecture: any Architecture, channels: Int? = nil) throws
    -> Preprocessing
  {
    if let own = architecture.preprocessing { return own }
    let input = architecture.input
    return try architecture.task.definition.preprocessing(
      for: [channels ?? input.channels, input.height, input.width])
  }
}
