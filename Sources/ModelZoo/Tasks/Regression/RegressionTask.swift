import ZooData
import ZooEngine
import ZooKit
import ZooStore
import ZooTraining
import ZooVision

/// Predicts numbers from a picture: an age, the angles of a head.
///
/// Targets are standardised in training, so that outputs in different units weigh the same. The
/// checkpoint records the scale, and predictions are in the units of the data.
struct RegressionTask: ModelTask {
  let name = VisionTask.regression
  let outputName = "number"

  func suits(_ architecture: any Architecture) -> Bool { architecture.form == .vector }

  // MARK: Learning

  let takesAnyHead = true
  let augmentation = AugmentationPresets.numbers

  func check(_ data: Dataset, train: Split, validation: Split) throws {
    for item in train.items + validation.items {
      guard let values = item.annotation.values, values.count == data.classes.count,
        values.allSatisfy(\.isFinite)
      else {
        throw ZooError.corrupt(
          "\(item.name) of \(data.path) has no number for each of "
            + data.classes.map(\.printable).joined(separator: ", "))
      }
    }
  }

  /// A new head gets the scale of the training data; a head that is kept keeps its scale.
  func prepared(
    _ model: Model, new: [String], learning train: Split, _ options: Finetuning
  ) throws -> Model {
    let head = model.graph.parameterNames(in: Stage.head)
    guard new.contains(where: head.contains) else { return model }
    var checkpoint = model.checkpoint
    checkpoint.outputScale = OutputScale(of: train.items.compactMap(\.annotation.values))
    return Model(
      name: model.name, checkpoint: checkpoint, variant: model.variant, graph: model.graph,
      weights: model.weights)
  }

  func lesson(for model: Model, learning train: Split, _ options: Finetuning) throws -> TaskLesson {
    guard [nil, .meanSquared, .smoothL1].contains(options.loss) else {
      throw ZooError.usage(
        "numbers are learned by mean-squared or smooth-l1, not by \(options.loss?.rawValue ?? "")")
    }
    let scale = model.checkpoint.outputScale
    return try TaskLesson(model, learning: train, options, usualLoss: .meanSquared) { target in
      guard let scale, case .values(let values) = target else { return target }
      return .values(try scale.scaled(values))
    }
  }

  // MARK: Judging

  func examiner(for exam: Exam) -> any Examiner { RegressionExaminer(exam) }

  /// It does not depend on the units of the outputs.
  let metric = "r2"

  func logged(classes: Int) -> [String] { ["r2", "mae", "rmse"] }

  var published: KeyValuePairs<String, String> { ["MAE": "mae", "R2": "r2"] }

  // MARK: Answers

  let usualBatch = 16

  func predictor(
    for model: consuming Model, engine: EngineChoice, precision: Precision, _ options: TaskOptions,
    load: Load?
  ) throws -> any Predictor {
    try Regressor(consume model, engine: engine, precision: precision, load: load)
  }
}

extension Annotation {
  fileprivate var values: [Float]? { if case .values(let values) = self { values } else { nil } }
}
