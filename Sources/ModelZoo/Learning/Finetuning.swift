import ZooData
import ZooKit
import ZooTraining

/// The options of fine-tuning, as a user chooses them and a recipe stores them. Options that are
/// nil get a default that depends on the others; see ``settled(for:pictures:)``.
///
/// ```swift
/// var options = Finetuning()
/// options.epochs = 20
/// options.freeze = ["layer1", "layer2"]
/// let run = try FinetuningRun(of: model, on: Dataset.open("ants-and-bees"), options)
/// ```
public struct Finetuning: Sendable {
  public enum HeadKind: String, Sendable, CaseIterable { case original, linear, mlp }
  public enum Weighting: String, Sendable, CaseIterable { case none, balanced }
  public enum MixingKind: String, Sendable, CaseIterable { case none, mixup, cutmix }
  public enum NormKind: String, Sendable, CaseIterable {
    /// As the stage they belong to.
    case stage
    case frozen, batch
  }

  /// Whether to start from random weights instead of the model's.
  public var scratch = false
  /// Nil means the model's own kind, or `linear` if the model has no trained head. A linear head
  /// becomes `original` if the family's own is the same layer.
  public var head: HeadKind?
  /// Nil means as many as the task usually needs; see ``UsualTraining``.
  public var epochs: Int?
  /// Ends the run after this many steps, regardless of ``epochs``; the unfinished epoch is
  /// validated like a whole one.
  public var steps: Int?
  public var batch: Int?
  /// Whether to skip the last batch of an epoch if it is smaller than the others.
  public var dropLast = false
  /// How often an epoch uses each picture, with another crop or augmentation each time; for few,
  /// large pictures.
  public var repeats = 1
  /// The side of the windows that a segmenter trains on, in pixels.
  public var window: Int?
  /// The side of a classifier's or detector's input, in pixels; nil means the model's own. Smaller
  /// sizes cost less.
  public var size: Int?
  /// The checkpoint to take the backbone's features from, for a network on another family's
  /// features; nil means that variant's default.
  public var backbone: String?
  /// The number of batches whose gradients are summed before a step.
  public var accumulate = 1
  /// The highest learning rate.
  public var rate: Double?
  public var optimizer = OptimizerKind.adamw
  public var momentum: Double?
  public var weightDecay: Double?
  public var decayed = Descent.Options.Decayed.weights
  public var schedule = ScheduleKind.cosine
  /// Epochs, or a part of one, in which the rate rises from zero.
  public var warmup: Double?
  /// The same in steps.
  public var warmupSteps: Int?
  /// The learning rate of each stage relative to the next one.
  public var layerDecay = 1.0
  /// The largest norm of all gradients together.
  public var clip: Double?
  /// The decay of a moving average of the weights per step; the checkpoint then holds the average.
  public var average: Double?
  /// How many of the last epochs the checkpoint's weights are the mean of; the rate stays in them.
  public var swa: Int?
  public var loss: LossKind?
  public var labelSmoothing = 0.0
  public var classWeights = Weighting.none
  /// The exponent of the focal loss, and the weight of positives in it.
  public var focalGamma: Double?
  public var focalAlpha: Double?
  /// Other names for classes of the data.
  public var renames: ClassRenames?
  public var augment: AugmentationScript?
  public var mix = MixingKind.none
  /// How pictures are fitted to the network's input, if not by the model's record.
  public var fit: Fit?
  /// Stages or layers to freeze, for the whole run or, as `layer3@5`, until an epoch. `none`
  /// freezes nothing; nil means the backbone, if it has trained weights.
  public var freeze: [String]?
  /// The mean to subtract from each channel, on a scale of 0 to 1, and the deviation to divide by.
  /// Only for networks with random weights; others keep those of their training.
  public var mean: ChannelNumbers?
  public var std: ChannelNumbers?
  /// The epoch, from 1, at which stages in `freeze` without an epoch of their own are unfrozen.
  public var unfreezeAt: Int?
  public var norm = NormKind.stage
  /// The share of the training pictures to use for validation, chosen by the seed. Nil means the
  /// data's own split `val`, or a fifth without one.
  public var validation: Double?
  /// The share of the training pictures that neither trains nor chooses the best epoch; the finished
  /// model is judged by it.
  public var test: Double?
  /// What keeps pictures in one part, such as their patient; see `Dataset.groups(by:)`.
  public var groupBy: String?
  /// The number of folds of a cross-validation; see ``CrossValidation``.
  public var folds: Int?
  /// The only fold to judge by, from 1.
  public var fold: Int?
  /// Validates every so many epochs, and after the last.
  public var validateEvery = 1
  /// Whether a segmenter of two classes, one of them background, has a single channel with a
  /// sigmoid. Nil keeps a model's own form.
  public var binary: Bool?
  /// The number of epochs without improvement after which the run ends.
  public var patience: Int?
  /// Saves every so many steps, besides after every epoch.
  public var saveEvery: Int?
  /// Whether to fit the model's confidence to the validation pictures after training.
  public var calibrate = false
  public var seed = 0

  public init() {}

  /// The options with all defaults filled in.
  /// `pictures`: the number of training pictures, on which the length of the run depends;
  ///   nil leaves the length open.
  public func settled(for model: Model, pictures: Int? = nil) throws -> Finetuning {
    var settled = self
    let task = try model.checkpoint.task.definition
    let random = Set(model.checkpoint.random)
    let ofHead = model.graph.parameterNames(in: Stage.head)
    // A randomly initialised head need not be preserved.
    let hasHead = ofHead.isEmpty || !ofHead.isSubset(of: random)
    let usual = hasHead ? model.checkpoint.head.finetuned : .linear
    settled.head = head ?? (scratch || !task.takesAnyHead ? .original : usual)
    let isLinear = settled.head == .linear
    // The same layers keep the family's names, by which other tools know them.
    if isLinear, model.checkpoint.head != .linear, task.takesAnyHead,
      try model.variant.familyNames(
        ofLinearHead: 2, input: model.checkpoint.input, normEpsilon: model.checkpoint.normEpsilon,
        inTraining: true) != nil
    {
      settled.head = .original
    }
    // An untrained decoder must not be frozen.
    let isNew = scratch || !random.isSubset(of: ofHead)
    let lasting = task.usuallyFrozen(in: model.variant.architecture)
    settled.freeze =
      freeze ?? (scratch ? ["none"] : lasting ?? (isNew ? ["none"] : [Stage.backbone]))
    let isFrozen = settled.freeze == [Stage.backbone] && unfreezeAt == nil
    let isProbe =
      isFrozen && task.takesAnyHead
      && (isLinear || settled.head == .original && model.hasSingleLayerHead)
    let defaults = task.usual(
      for: model, settled, from: isProbe ? .features : isNew ? .random : isFrozen ? .body : .whole)
    settled.augment = augment ?? AugmentationScript(defaults.augmentation)
    settled.batch = batch ?? defaults.batch
    settled.rate = rate ?? defaults.rate
    settled.weightDecay = weightDecay ?? (optimizer == .adamw ? 0.01 : 1e-4)
    if let pictures { try settled.last(defaults, pictures: pictures) }
    return settled
  }

  /// Fills in the length of the run and of its warm-up.
  private mutating func last(_ usual: UsualTraining, pictures: Int) throws {
    let perEpoch = try trainerOptions(items: pictures * repeats).stepsPerEpoch(
      items: pictures * repeats)
    if steps == nil, epochs == nil {
      epochs = max(usual.epochs, (usual.leastSteps + perEpoch - 1) / perEpoch)
    }
    // A short run must not end before its warm-up.
    if warmup == nil, warmupSteps == nil, usual.warmupSteps > 0 {
      warmupSteps = min(usual.warmupSteps, (steps ?? perEpoch * (epochs ?? usual.epochs)) / 8)
    }
  }
}

extension Model {
  /// Whether the head is a single layer over the features, as in ResNet but not in VGG.
  fileprivate var hasSingleLayerHead: Bool {
    graph.operations(in: Stage.head).count {
      !graph.operations[$0].parameters.isEmpty && !graph.isAuxiliary($0)
    } == 1
  }
}

extension Head.Kind {
  fileprivate var finetuned: Finetuning.HeadKind {
    switch self {
    case .original: .original
    case .linear, .none: .linear
    case .mlp: .mlp
    }
  }
}

extension Finetuning {
  /// The freezing of a run. Users count epochs from 1.
  func freezing() throws -> Freezing {
    var stretches: [Freezing.Stretch] = []
    for entry in freeze ?? [] where entry != "none" {
      let parts = entry.split(separator: "@", omittingEmptySubsequences: false)
      let end = parts.count == 2 ? Int(parts[1]) : unfreezeAt
      guard parts.count <= 2, parts.count == 1 || end != nil, end ?? 1 > 0 else {
        throw ZooError.usage("“freeze” wants STAGE or STAGE@EPOCH; got “\(entry)”")
      }
      stretches.append(.init(String(parts[0]), until: end.map { $0 - 1 }))
    }
    let norms: Freezing.Norms =
      switch norm {
      case .stage: .withStage
      case .frozen: .frozen
      case .batch: .batch
      }
    return Freezing(stretches, norms: norms)
  }

  /// The trainer's options for a number of pictures.
  func trainerOptions(items: Int) throws -> Trainer.Options {
    var trainer = Trainer.Options()
    trainer.epochs = epochs ?? trainer.epochs
    trainer.batch = batch ?? trainer.batch
    trainer.accumulation = accumulate
    trainer.rate = rate ?? trainer.rate
    trainer.descent = Descent.Options(
      optimizer.optimizer(momentum: momentum), weightDecay: weightDecay ?? 0, decayed: decayed,
      clipping: clip,
      averaging: swa.map { .lastEpochs($0) } ?? average.map { .exponential($0) },
      layerDecay: layerDecay)
    trainer.dropsLast = dropLast
    trainer.judgesEvery = validateEvery
    let perEpoch = trainer.stepsPerEpoch(items: items)
    if let steps {
      trainer.steps = steps
      trainer.epochs = (steps + perEpoch - 1) / perEpoch
    }
    trainer.schedule = schedule.schedule(
      steps: steps ?? perEpoch * trainer.epochs,
      warmUp: warmupSteps ?? Int(((warmup ?? 0) * Double(perEpoch)).rounded()))
    if let swa {
      trainer.schedule = Held(trainer.schedule, from: perEpoch * max(0, trainer.epochs - swa))
    }
    if schedule == .plateau { trainer.plateau = Plateau() }
    trainer.freezing = try freezing()
    trainer.seed = UInt64(seed)
    trainer.patience = patience
    trainer.saveEvery = saveEvery
    trainer.ahead = max(2, Threads.count)
    return trainer
  }
}
