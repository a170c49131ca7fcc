import ZooData
import ZooDetection
import ZooEngine
import ZooKit
import ZooTraining
import ZooVision

/// Boxes around objects, each with its class.
struct DetectionTask: ModelTask {
  let name = VisionTask.detection

  // MARK: Networks

  func suits(_ architecture: any Architecture) -> Bool { architecture is any Detector }

  func preprocessing(for input: Shape) -> Preprocessing {
    let isGrey = input.channels == 1
    return Preprocessing(
      resize: .within(shorter: 800, longer: 1333), interpolation: .sampled, multiple: 32,
      channels: isGrey ? .grey : .rgb, mean: isGrey ? [0.5] : [0.485, 0.456, 0.406],
      std: isGrey ? [0.25] : [0.229, 0.224, 0.225])
  }

  /// Returns every value that is passed between the parts of the network, such as regions.
  func run(
    _ model: Model, _ batch: Tensor, keeping: [String], engine: EngineChoice, precision: Precision
  ) throws -> [String: Tensor] {
    try ObjectDetector.trace(
      model, batch, keeping: keeping, engine: engine, precision: precision)
  }

  let hasPipeline = true

  func pipeline(
    for model: consuming Model, engine: EngineChoice, precision: Precision
  ) throws -> any Pipeline {
    try ObjectDetector(consume model, engine: engine, precision: precision)
  }

  // MARK: Learning

  func usuallyFrozen(in architecture: any Architecture) -> [String]? {
    (architecture as? any TrainableDetector).map {
      $0.usuallyFrozen.isEmpty ? ["none"] : $0.usuallyFrozen
    }
  }

  let augmentation = AugmentationPresets.boxes

  /// A new head starts with all places as background, and needs a few hundred steps at a high rate
  /// before a score means anything, however few the pictures are. A frozen prefix is worth caching,
  /// so its pictures are only mirrored.
  func usual(for model: Model, _ options: Finetuning, from start: TrainingStart) -> UsualTraining {
    let detector = model.variant.architecture as? any TrainableDetector
    let rate = detector?.usualRate ?? 1e-3
    let isFrozen = (options.freeze ?? []).contains { $0 != "none" && !$0.contains("@") }
    return UsualTraining(
      rate: options.optimizer == .sgd ? 10 * rate : rate,
      augmentation: isFrozen && options.unfreezeAt == nil ? .flip : .light,
      batch: detector?.usualBatch ?? 8, leastSteps: 400, warmupSteps: 50)
  }

  /// With the start of the head: other random weights find thousands of boxes in a picture.
  func randomWeights(
    for architecture: any Architecture, _ graph: Graph, seed: UInt64
  ) throws -> Weights {
    var weights = try Weights(randomFor: graph, seed: seed)
    let detector = architecture as? any TrainableDetector
    let random = Random(seed: seed).key("head")
    for (name, tensor) in try detector?.headStart(graph, random: random) ?? [:] {
      weights[name] = tensor
    }
    return weights
  }

  func check(_ data: Dataset, train: Split, validation: Split) throws {
    guard train.items.contains(where: \.showsObjects) else {
      throw ZooError.corrupt(
        "no picture of \(data.path) has a box, so there is nothing to learn")
    }
    let judged = validation.items
    guard judged.isEmpty || judged.contains(where: \.showsObjects) else {
      throw ZooError.corrupt(
        "none of the \(judged.count) validation pictures has a box, so epochs cannot be compared; "
          + "choose others with --validation")
    }
  }

  /// Adapts the detector to the boxes of the training set, and initialises a new head.
  func prepared(
    _ model: Model, new: [String], learning train: Split, _ options: Finetuning
  ) throws -> Model {
    guard let detector = model.variant.architecture as? any TrainableDetector else { return model }
    // A trained head depends on the anchors it was trained with.
    let shapes = new.isEmpty ? [] : try train.shapes(in: model.checkpoint.preprocessing)
    let adapted = detector.adapted(to: shapes)
    let random = Random(seed: UInt64(options.seed)).key("head")
    var weights = model.weights
    for (name, tensor) in try adapted.headStart(model.graph, random: random)
    where new.contains(name) {
      weights[name] = tensor
    }
    return Model(
      name: model.name, checkpoint: model.checkpoint,
      variant: Variant(name: model.variant.name, architecture: adapted), graph: model.graph,
      weights: weights)
  }

  func lesson(for model: Model, learning train: Split, _ options: Finetuning) throws -> TaskLesson {
    let (variant, checkpoint) = (model.variant, model.checkpoint)
    guard let detector = variant.architecture as? any TrainableDetector else {
      throw ZooError.usage("training \(variant.name) is not supported")
    }
    // A frozen prefix's output is worth caching if the same picture comes again.
    let isFrozen = try options.freezing().stretches.contains { $0.until == nil }
    if options.focalAlpha != nil, options.focalGamma == nil {
      throw ZooError.usage("“focal-alpha” needs “focal-gamma”")
    }
    let counts = train.counts(classes: checkpoint.classes.count)
    let emphasis = ClassEmphasis(
      weights: options.classWeights == .balanced ? CrossEntropy.balanced(counts: counts) : [],
      focalGamma: options.focalGamma ?? 0, focalAlpha: options.focalAlpha)
    let lesson = try DetectorLesson(
      detector, emphasis: emphasis, memory: isFrozen ? 1 << 30 : 0
    ) { input in
      try variant.graph(
        head: checkpoint.head(classes: checkpoint.classes.count), input: input,
        normEpsilon: checkpoint.normEpsilon)
    }
    let input = model.graph.inputs[0].name
    return TaskLesson(lesson) { batch in
      Batch(
        PictureBatch(batch.input, sizes: batch.sizes), boxes: try batch.truths.boxes, input: input)
    }
  }

  // MARK: Judging

  func examiner(for exam: Exam) -> any Examiner { DetectionExaminer(exam) }

  let metric = "mAP"

  func logged(classes: Int) -> [String] { ["mAP", "mAP50", "f1AtThreshold", "threshold"] }

  /// Records the threshold, which has the best F1 on the validation pictures.
  func judged(_ checkpoint: Checkpoint, as metrics: [(name: String, value: Double)]) -> Checkpoint {
    var checkpoint = checkpoint
    checkpoint.metrics.removeAll { $0.name == "threshold" }
    if let threshold = metrics.first(where: { $0.name == "threshold" }) {
      checkpoint.threshold = threshold.value
    }
    return checkpoint
  }

  var published: KeyValuePairs<String, String> { ["mAP50": "mAP50", "mAP": "mAP"] }

  // MARK: Answers

  private static let score = TaskOption(
    "score", value: "S", .number(nil, in: 0...1),
    help: "minimum score of a box; by default the threshold of the checkpoint, else 0.5")
  private static let judgedScore = TaskOption(
    "score", value: "S", .number(nil, in: 0...1),
    help: "minimum score of a box; by default all boxes count for mAP, and those above the "
      + "checkpoint's threshold for precision, recall and F1")
  static let iou = TaskOption(
    "iou", value: "I", .number(0.5, in: 0...1),
    help: "overlap (IoU) above which boxes of one class count as the same object")
  private static let suppression = TaskOption(
    "suppression", value: "R", .word("hard", of: Suppression.Rule.allCases.map(\.rawValue)),
    help: "drop boxes that overlap a better one of their class, or lower their scores")

  var options: [TaskOption] { [Self.score, Self.iou, Self.suppression, .views] }
  var judgingOptions: [TaskOption] {
    [Self.judgedScore, Self.iou, Self.suppression, .views]
  }

  /// Evaluation uses detections of any confidence, because it ranks them. No user chooses a lower
  /// score.
  static func judged(by options: TaskOptions) -> DetectionOptions {
    DetectionOptions(
      score: Float(options.number(judgedScore) ?? 0.005), iou: options.number(iou) ?? 0.5)
  }

  /// The score that a box must exceed to be shown.
  static func threshold(_ options: TaskOptions, of checkpoint: Checkpoint) -> Double {
    options.number(score) ?? checkpoint.threshold ?? 0.5
  }

  static func suppression(_ options: TaskOptions) -> Suppression.Rule {
    options.word(suppression).flatMap(Suppression.Rule.init) ?? .hard
  }

  func predictor(
    for model: consuming Model, engine: EngineChoice, precision: Precision, _ options: TaskOptions,
    load: Load?
  ) throws -> any Predictor {
    let threshold = Self.threshold(options, of: model.checkpoint)
    return Finder(
      try ObjectDetector(
        consume model, engine: engine, precision: precision,
        suppression: Self.suppression(options), callers: load?.callers),
      DetectionOptions(score: Float(threshold), iou: options.number(Self.iou) ?? 0.5))
  }
}

private struct Finder: Predictor {
  private let detector: ObjectDetector
  private let options: DetectionOptions

  init(_ detector: ObjectDetector, _ options: DetectionOptions) {
    (self.detector, self.options) = (detector, options)
  }

  var columns: [String] { DetectedObjects.columns }

  /// Fewer boxes than the options ask for are the same boxes without the others. So one run also
  /// tells what was left out.
  func predict(_ pictures: [PreparedPicture], progress: (Int, Int) -> Void) throws
    -> [any Prediction]
  {
    var every = options
    every.score = min(options.score, 0.005)
    return try detector.detectEach(of: pictures.map { try $0.whole }, every).map { found in
      DetectedObjects(
        objects: found.filter { $0.score > options.score }, surest: found.first,
        threshold: options.score)
    }
  }
}

extension Truths {
  /// The true boxes for training. Regions of many objects and boxes marked difficult are left out.
  fileprivate var boxes: [[TrueBox]] {
    get throws {
      guard case .boxes(let boxes) = self else {
        throw ZooError.corrupt("the data has no boxes to train a detector on")
      }
      return boxes.map { boxes in
        boxes.filter { !$0.isCrowd && !$0.isDifficult }.map { box in
          let frame = box.frame
          return TrueBox(
            Box(Float(frame.x0), Float(frame.y0), Float(frame.x1), Float(frame.y1)),
            classIndex: box.classIndex)
        }
      }
    }
  }
}
