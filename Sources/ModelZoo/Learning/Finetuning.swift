import ZooData
import ZooKit
import ZooTraining

/// How a network is fitted to pictures: everything a person chooses about it, and what a recipe
/// repeats. What is left open depends on the rest; see ``settled(for:)``.
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

  /// Begins with random numbers instead of the model's.
  public var scratch = false
  /// The model's own kind where nil; `linear` where the model has none.
  public var head: HeadKind?
  public var epochs = 10
  /// The run ends after so many steps, whatever ``epochs`` says; the part of an epoch that they end
  /// in is judged as a whole one.
  public var steps: Int?
  public var batch = 32
  /// Leaves out the last batch of an epoch where it is smaller than the others.
  public var dropLast = false
  /// How often an epoch has each picture, every time with another part or variation of it: where
  /// pictures are few and large.
  public var repeats = 1
  /// The side of the windows that a segmenter learns from, in pixels.
  public var window: Int?
  /// The side of the pictures that a classifier or a detector sees, in pixels, where it is not to be
  /// the model's own: smaller ones cost less.
  public var size: Int?
  /// Whose features a network begins with that stands on another family's: a checkpoint, where it is
  /// not to be that variant's default.
  public var backbone: String?
  /// Batches whose gradients are added before a step.
  public var accumulate = 1
  /// The highest learning rate.
  public var rate: Double?
  public var optimizer = OptimizerKind.adamw
  public var momentum: Double?
  public var weightDecay: Double?
  public var decayed = Descent.Options.Decayed.weights
  public var schedule = ScheduleKind.cosine
  /// Epochs, or parts of one, in which the rate grows from nothing.
  public var warmup = 0.0
  /// The same in steps.
  public var warmupSteps: Int?
  /// Each stage learns at so many times the rate of the one behind it.
  public var layerDecay = 1.0
  /// The largest norm of all gradients together.
  public var clip: Double?
  /// How much of itself a moving average of the weights keeps in a step; that average is kept.
  public var average: Double?
  public var loss: LossKind?
  public var labelSmoothing = 0.0
  public var classWeights = Weighting.none
  public var augment: AugmentationScript?
  public var mix = MixingKind.none
  /// How pictures get the network's shape, where the model's record is not to decide.
  public var fit: Fit?
  /// Stages or layers, each for the whole run or, as `layer3@5`, until an epoch. `none` is nothing;
  /// nil is the backbone where there are weights to keep.
  public var freeze: [String]?
  /// What is taken from each channel, of 0 to 1, and what the rest is divided by, for networks that
  /// begin with random numbers; others were trained with theirs.
  public var mean: ChannelNumbers?
  public var std: ChannelNumbers?
  /// The epoch, from 1, in which everything learns that `freeze` names without an epoch of its own.
  public var unfreezeAt: Int?
  public var norm = NormKind.stage
  /// A share of the training pictures, chosen by the seed. Where nil, the data's own split `val`, or
  /// a fifth where it has none.
  public var validation: Double?
  /// Judges each so many epochs, and the last.
  public var validateEvery = 1
  /// A segmenter of two classes, one of them the background, has one channel and a sigmoid for the
  /// other. Where nil, a model that is so stays so.
  public var binary: Bool?
  /// Epochs without a better metric after which the run ends.
  public var patience: Int?
  /// Steps after which the run is saved; at the end of each epoch in any case.
  public var saveEvery: Int?
  public var seed = 0

  public init() {}

  /// Everything that was left open, decided: a single layer over a frozen backbone bears a high
  /// rate and, as it sees the same pictures in each epoch, its features are computed once; a
  /// pretrained network that learns as a whole must not be shaken; one that begins with nothing may.
  public func settled(for model: Model) throws -> Finetuning {
    var settled = self
    let task = try model.checkpoint.task.definition
    let random = Set(model.checkpoint.random)
    let ofHead = model.graph.parameterNames(in: Stage.head)
    // A head of random numbers has nothing that is worth keeping.
    let hasHead = ofHead.isEmpty || !ofHead.isSubset(of: random)
    let usual = hasHead ? model.checkpoint.head.finetuned : .linear
    settled.head = head ?? (scratch || !task.takesAnyHead ? .original : usual)
    // A decoder that nobody has trained must not be frozen.
    let isNew = scratch || !random.isSubset(of: ofHead)
    let lasting = task.usuallyFrozen(in: model.variant.architecture)
    settled.freeze =
      freeze ?? (scratch ? ["none"] : lasting ?? (isNew ? ["none"] : [Stage.backbone]))
    let isFrozen = settled.freeze == [Stage.backbone] && unfreezeAt == nil
    settled.augment = augment ?? AugmentationScript(isFrozen ? .none : .light)
    let isProbe =
      isFrozen && task.takesAnyHead
      && (settled.head == .linear || settled.head == .original && model.hasSingleLayerHead)
    let start = isProbe ? 3 : isNew ? 2 : isFrozen ? 1 : 0
    settled.rate =
      rate
      ?? (optimizer == .sgd ? [0.003, 0.01, 0.05, 0.1] : [1e-4, 1e-3, 1e-3, 0.01])[start]
    settled.weightDecay = weightDecay ?? (optimizer == .adamw ? 0.01 : 1e-4)
    return settled
  }
}

extension Model {
  /// The head is one layer over the features, as ResNet's is and VGG's is not.
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
  /// What is frozen, and until when; epochs are counted from 1 where users see them.
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

  /// The options of a trainer for so many pictures.
  func trainerOptions(items: Int) throws -> Trainer.Options {
    var trainer = Trainer.Options()
    trainer.epochs = epochs
    trainer.batch = batch
    trainer.accumulation = accumulate
    trainer.rate = rate ?? trainer.rate
    trainer.descent = Descent.Options(
      optimizer.optimizer(momentum: momentum), weightDecay: weightDecay ?? 0, decayed: decayed,
      clipping: clip, averaging: average, layerDecay: layerDecay)
    trainer.dropsLast = dropLast
    trainer.judgesEvery = validateEvery
    let perEpoch = trainer.stepsPerEpoch(items: items)
    if let steps {
      trainer.steps = steps
      trainer.epochs = (steps + perEpoch - 1) / perEpoch
    }
    trainer.schedule = schedule.schedule(
      steps: steps ?? perEpoch * epochs,
      warmUp: warmupSteps ?? Int((warmup * Double(perEpoch)).rounded()))
    if schedule == .plateau { trainer.plateau = Plateau() }
    trainer.freezing = try freezing()
    trainer.seed = UInt64(seed)
    trainer.patience = patience
    trainer.saveEvery = saveEvery
    trainer.ahead = max(2, Threads.count)
    return trainer
  }
}
