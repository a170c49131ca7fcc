import ZooData
import ZooEngine
import ZooKit
import ZooStore
import ZooTraining
import ZooVision

/// One class for each picture, or several.
struct ClassificationTask: ModelTask {
  let name = VisionTask.classification

  func suits(_ architecture: any Architecture) -> Bool { architecture.form == .vector }

  // MARK: Learning

  let takesAnyHead = true
  let augmentation = AugmentationPresets.labels

  func check(_ data: Dataset, train: Split, validation: Split) throws {
    let isMany = if case .labels = train.items.first?.annotation { true } else { false }
    guard isMany || data.classes.count > 1 else {
      throw ZooError.corrupt(
        "\(data.path) has a single class, \(data.classes.map(\.printable).joined()); a classifier "
          + "needs two, each with a folder of pictures")
    }
  }

  func lesson(for model: Model, learning train: Split, _ options: Finetuning) throws -> TaskLesson {
    let isMany = if case .labels = train.items.first?.annotation { true } else { false }
    return try TaskLesson(
      model, learning: train, options, usualLoss: isMany ? .binaryCrossEntropy : .crossEntropy)
  }

  // MARK: Judging

  func examiner(for exam: Exam) -> any Examiner { ClassificationExaminer(exam) }

  let metric = "accuracy"

  func logged(classes: Int) -> [String] {
    ["accuracy", "balancedAccuracy"] + (classes > 5 ? ["top5"] : []) + ["logLoss"]
  }

  var published: KeyValuePairs<String, String> { ["top1": "accuracy"] }

  // MARK: Answers

  static let top = TaskOption(
    "top", value: "K", .integer(5, in: 1...100_000), help: "number of classes to print")

  var options: [TaskOption] { [Self.top, .views] }
  var judgingOptions: [TaskOption] { [.views] }

  let usualBatch = 16

  func predictor(
    for model: consuming Model, engine: EngineChoice, precision: Precision, _ options: TaskOptions,
    load: Load?
  ) throws -> any Predictor {
    Guesser(
      classifier: try Classifier(
        consume model, engine: engine, precision: precision, load: load),
      top: options.integer(Self.top) ?? 5)
  }
}

private struct Guesser: Predictor {
  let classifier: Classifier
  let top: Int

  var columns: [String] {
    (1...max(1, min(top, classifier.classes.count))).flatMap { place in
      place == 1 ? ["class", "probability"] : ["class \(place)", "probability \(place)"]
    } + (classifier.tellsUnknown ? ["distance", "unlike"] : [])
  }

  func prepare(_ picture: Picture) throws -> PreparedPicture {
    .input(try classifier.network.input(for: picture))
  }

  func predict(_ pictures: [PreparedPicture], progress: (Int, Int) -> Void) throws
    -> [any Prediction]
  {
    let inputs = try pictures.map { try $0.input(classifier.network.input(for:)) }
    return try classifier.classifications(classifier.network.outputs(ofInputs: inputs), top: top)
  }
}
