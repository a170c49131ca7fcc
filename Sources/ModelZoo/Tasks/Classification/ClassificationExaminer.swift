import Glibc
import ZooData
import ZooKit
import ZooMetrics
import ZooStore

/// Evaluates classifiers.
final class ClassificationExaminer: Examiner {
  private let exam: Exam
  private let outputs: SplitOutputs
  private var wrong: [WrongClass] = []
  /// The reliability without the fitted temperature, if there is one.
  private(set) var uncalibrated: Calibration?

  init(_ exam: Exam) { (self.exam, outputs) = (exam, SplitOutputs(exam)) }

  var columns: [String] { ["image", "truth", "predicted"] + exam.classes }

  func examine(
    _ model: Model, progress: (Int) throws -> Void, row: (([String]) throws -> Void)?
  ) throws -> Report {
    try model.check(isFor: .classification)
    (wrong, uncalibrated) = ([], nil)
    if let combined = try exam.how.combined(
      with: model, exam.how.options.with([ClassificationTask.top.name: .integer(.max)]))
    {
      return try examine(by: combined, exam.how.name(of: model), progress, row)
    }
    var gathered = Gathered(exam.classes, model.checkpoint.confidence?.temperature)
    var done = 0
    try outputs.forEachBatch(of: model) { logits, truth in
      let names = truth.items.map { exam.split.items[$0].name }
      let found = try gathered.update(logits, truth.truths, names, row)
      if exam.how.isGathering { wrong += found.wrong(truth.items) }
      done += truth.items.count
      try progress(done)
    }
    uncalibrated = gathered.uncalibrated
    return gathered.report(model: model.name, data: exam.data)
  }

  /// Picture by picture, by the mean of several answers.
  private func examine(
    by combined: any Predictor, _ name: String, _ progress: (Int) throws -> Void,
    _ row: (([String]) throws -> Void)?
  ) throws -> Report {
    var gathered = Gathered(exam.classes, nil)
    for (index, item) in exam.split.items.enumerated() {
      let sample = try item.sample()
      guard case .label(let label) = sample.truth else {
        throw ZooError.corrupt(
          "\(sample.name) has several labels, or none; answers are combined for one label each")
      }
      let answer = try combined.answer(sample.picture, as: Classification.self)
      let logits = try Tensor([1, exam.classes.count]) { logits in
        logits.initialize(repeating: 0)
        for guess in answer.top { logits[guess.index] = log(max(guess.probability, 1e-30)) }
      }
      let found = try gathered.update(logits, .labels([label]), [sample.name], row)
      if exam.how.isGathering { wrong += found.wrong([index]) }
      try progress(index + 1)
    }
    return gathered.report(model: name, data: exam.data)
  }

  func mistakes(of model: Model) -> Mistakes { wrong.mistakes(exam.classes, of: exam.split.count) }
}

/// One label, or several, for each picture.
private struct Gathered {
  private let classes: [String]
  private var one: ClassificationMetrics
  private var several: MultiLabelMetrics?
  /// A fitted temperature, and the reliability without it.
  private let temperature: Double?
  private var plain = Calibration()
  var uncalibrated: Calibration? { temperature == nil ? nil : plain }

  init(_ classes: [String], _ temperature: Double?) {
    self.classes = classes
    self.temperature = temperature
    one = ClassificationMetrics(classes: classes)
  }

  mutating func update(
    _ logits: Tensor, _ truths: Truths, _ names: [String], _ row: (([String]) throws -> Void)?
  ) throws -> ScoredBatch {
    let count = classes.count
    guard logits.shape.sizes == [names.count, count] else {
      throw ZooError.corrupt(
        "the network gives \(logits.shape); expected \(names.count)×\(count)")
    }
    let batch: ScoredBatch
    let truth: [String]
    switch truths {
    case .labels(let labels):
      let scores = softmax(logits.values, count, temperature: temperature ?? 1)
      try one.update(probabilities: scores, labels: labels)
      if temperature != nil {
        var metrics = ClassificationMetrics(classes: classes, keepsScores: false)
        try metrics.update(logits: logits, labels: labels)
        plain.add(metrics.calibration)
      }
      batch = ScoredBatch(classes: count, scores: scores, labels: labels)
      truth = labels.map { classes[$0] }
    case .shares(let shares):
      let scores = logits.values.map { 1 / (1 + exp(-$0)) }
      let answers = shares.values.map { $0 > 0.5 }
      var metrics = several ?? MultiLabelMetrics(classes: classes)
      several = nil
      try metrics.update(scores: scores, answers: answers)
      several = metrics
      batch = ScoredBatch(classes: count, scores: scores, answers: answers)
      truth = names.indices.map { item in
        (0..<count).filter { answers[item * count + $0] }.map { classes[$0] }.joined(separator: " ")
      }
    case .none, .boxes, .masks, .values:
      throw ZooError.corrupt("the pictures have no labels to evaluate a classifier on")
    }
    guard let row else { return batch }
    for (item, name) in names.enumerated() {
      let mine = batch.scores[item * count..<(item + 1) * count]
      let best = mine.indices.max { (mine[$0], -$0) < (mine[$1], -$1) } ?? mine.startIndex
      try row(
        [name, truth[item], classes[best - mine.startIndex]] + mine.map { String(describing: $0) })
    }
    return batch
  }

  func report(model: String, data: String) -> Report {
    if let several { return several.report(model: model, data: data) }
    let report = one.report(model: model, data: data)
    guard let temperature else { return report }
    return report.adding(
      [("uncalibratedError", plain.expectedError)],
      details: [
        ("uncalibratedReliability", plain.json), ("temperature", JSON(temperature)),
      ])
  }
}
