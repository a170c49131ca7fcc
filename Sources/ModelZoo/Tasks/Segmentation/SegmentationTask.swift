import ZooData
import ZooEngine
import ZooKit
import ZooStore
import ZooTraining
import ZooVision

/// A class for every pixel.
///
/// Segmenters are trained on windows of pictures at their own scale, and predict whole pictures.
struct SegmentationTask: ModelTask {
  let name = VisionTask.segmentation

  func suits(_ architecture: any Architecture) -> Bool { architecture.form == .map }

  /// Pictures keep their scale, which carries meaning: a cell has a typical size in pixels.
  func preprocessing(for input: Shape) -> Preprocessing {
    input.channels == 1
      ? Preprocessing(resize: .none, channels: .grey, mean: [0.5], std: [0.25])
      : Preprocessing(resize: .none, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])
  }

  /// A network with one class distinguishes it from background.
  func classes(of checkpoint: Checkpoint) -> [String] {
    checkpoint.classes.count == 1 ? ["background"] + checkpoint.classes : checkpoint.classes
  }

  // MARK: Learning

  let augmentation = AugmentationPresets.masks

  /// With a single channel, 0 is background.
  func numbered(_ data: Dataset, for model: Model, _ options: inout Finetuning) throws -> Dataset {
    let names = data.background.map { [data.classes[$0], data.classes[1 - $0]] }
    let stays = model.checkpoint.classes.count == 1 && !options.scratch && names != nil
    guard options.binary ?? stays else { return data }
    guard let names else {
      throw ZooError.usage(
        "“binary” needs masks of two classes, one of them called “background” (classes.txt names "
          + "them); the classes of \(data.path) are "
          + data.classes.map(\.printable).joined(separator: ", "))
    }
    options.binary = true
    return try data.numbered(as: names, of: model.name)
  }

  func check(_ data: Dataset, train: Split, validation: Split) throws {
    guard data.classes.count > 1 else {
      throw ZooError.corrupt(
        "the masks of \(data.path) have only one class, \(data.classes[0].printable); at least two "
          + "are needed")
    }
  }

  func record(
    _ checkpoint: Checkpoint, for architecture: any Architecture, learning train: Split,
    _ options: Finetuning
  ) throws -> Checkpoint {
    let begun = options.scratch ? try checkpoint.anew(for: train, architecture) : checkpoint
    return options.window.map { begun.windowed($0, for: architecture) } ?? begun
  }

  func fit(
    _ preprocessing: inout Preprocessing, _ augmentation: inout AugmentationPlan, to input: Shape
  ) {
    guard preprocessing.resize == .none else { return }
    preprocessing.crop = .init(input.height, input.width)
    augmentation.steps.insert(RandomCrop(), at: 0)
  }

  func lesson(for model: Model, learning train: Split, _ options: Finetuning) throws -> TaskLesson {
    try TaskLesson(model, learning: train, options, usualLoss: .diceCrossEntropy)
  }

  // MARK: Judging

  func examiner(for exam: Exam) -> any Examiner { SegmentationExaminer(exam) }

  let metric = "meanDice"

  func logged(classes: Int) -> [String] { ["meanDice", "meanIoU", "pixelAccuracy"] }

  var published: KeyValuePairs<String, String> { ["mIoU": "meanIoU"] }

  // MARK: Answers

  static let score = TaskOption(
    "score", value: "S", .number(0.5, in: 0...1),
    help: "minimum score of a pixel where there is only one class")

  private static let judgedScore = TaskOption(
    score.name, value: score.placeholder, score.kind, help: score.help + " (0.5 by default)")

  /// Set for members of a committee only.
  static let keepsShares = "keepsShares"

  var options: [TaskOption] { [Self.score, .views] }
  var judgingOptions: [TaskOption] { [Self.judgedScore, .views] }

  func predictor(
    for model: consuming Model, engine: EngineChoice, precision: Precision, _ options: TaskOptions,
    load: Load?
  ) throws -> any Predictor {
    Outliner(
      segmenter: try SemanticSegmenter(
        consume model, engine: engine, precision: precision,
        longest: SemanticSegmenter.usualLongest, callers: load?.callers),
      threshold: Self.threshold(options), keepsShares: options[Self.keepsShares] != nil)
  }

  static func threshold(_ options: TaskOptions) -> Float { Float(options.number(score) ?? 0.5) }
}

private struct Outliner: Predictor {
  let segmenter: SemanticSegmenter
  let threshold: Float
  let keepsShares: Bool

  var columns: [String] { ["width", "height"] + segmenter.classes }

  func predict(
    _ pictures: [PreparedPicture], progress: (_ done: Int, _ of: Int) -> Void
  ) throws -> [any Prediction] {
    try pictures.map {
      let picture = try $0.whole
      return try keepsShares
        ? segmenter.shares(of: picture, threshold: threshold, progress)
        : segmenter.segment(picture, threshold: threshold, progress: progress)
    }
  }
}

extension Dataset {
  /// The index of the background among two classes.
  fileprivate var background: Int? {
    guard classes.count == 2 else { return nil }
    return classes.firstIndex { $0.lowercased() == "background" }
  }
}
