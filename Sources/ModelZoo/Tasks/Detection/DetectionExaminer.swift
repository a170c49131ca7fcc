import ZooData
import ZooDetection
import ZooEngine
import ZooKit
import ZooMetrics
import ZooVision

/// Evaluates detectors in pixels of the original pictures, like COCO.
final class DetectionExaminer: Examiner {
  private let exam: Exam
  private var wrong: [WrongBoxes] = []
  private var threshold = 0.5
  /// How often true boxes, by row, are found as each class, by column; the last of both is nothing. Empty
  /// if mistakes are not gathered.
  private(set) var confusion: [[Int]] = []

  init(_ exam: Exam) { self.exam = exam }

  var columns: [String] { ["image", "class", "score", "x0", "y0", "x1", "y1", "outcome"] }

  func examine(
    _ model: Model, progress: (Int) throws -> Void, row: (([String]) throws -> Void)?
  ) throws -> Report {
    let detector = try ObjectDetector(
      model, engine: exam.how.engine, precision: exam.how.precision,
      suppression: DetectionTask.suppression(exam.how.options))
    let options = DetectionTask.judged(by: exam.how.options)
    threshold = DetectionTask.threshold(exam.how.options, of: model.checkpoint)
    let kinds = exam.classes.count + 1
    (wrong, confusion) = (
      [],
      Array(repeating: Array(repeating: 0, count: kinds), count: exam.how.isGathering ? kinds : 0)
    )
    let combined = try exam.how.combined(
      with: model, exam.how.options.with(["score": .number(Double(options.score))]))
    var metrics = DetectionMetrics(classes: exam.classes)
    for (done, item) in exam.split.items.enumerated() {
      let sample = try item.sample()
      guard case .boxes(let boxes) = sample.truth else {
        throw ZooError.corrupt("\(sample.name) has no boxes to evaluate a detector on")
      }
      let found =
        try combined?.answer(sample.picture, as: DetectedObjects.self).objects
        ?? detector.detect(sample.picture, options)
      let seen = found.map { object in
        DetectionMetrics.Found(
          object.box.corners, classIndex: object.index, score: Double(object.score))
      }
      let truth = boxes.map(\.truth)
      try metrics.update(found: seen, truth: truth)
      try progress(done + 1)
      guard row != nil || exam.how.isGathering else { continue }
      let outcomes = DetectionMetrics.outcomes(of: seen, truth: truth, above: threshold)
      if exam.how.isGathering {
        let picture = WrongBoxes(
          done, found: found, truth: boxes.map { ($0.frame.box, $0.classIndex) },
          outcomes: outcomes)
        if !picture.wrong.isEmpty { wrong.append(picture) }
        for box in picture.right { confusion[box.index][box.index] += 1 }
        for box in picture.wrong {
          confusion[box.truth ?? kinds - 1][box.found?.index ?? kinds - 1] += 1
        }
      }
      guard let row else { continue }
      for (object, outcome) in zip(found, outcomes.found) {
        try row(
          [sample.name, object.name, "\(object.score)"] + object.box.sides.map { "\($0)" }
            + [outcome.rawValue])
      }
      for box in outcomes.missed.map({ truth[$0] }) {
        try row(
          [sample.name, exam.classes[box.classIndex], ""] + (0..<4).map { "\(box.box[$0])" }
            + ["missed"])
      }
    }
    return metrics.report(
      model: exam.how.name(of: model), data: exam.data,
      threshold: exam.how.chooses ? metrics.bestRates?.threshold ?? threshold : threshold)
  }

  func mistakes(of model: Model) -> Mistakes { wrong.mistakes(exam.classes, above: threshold) }
}

extension Frame {
  fileprivate var box: Box { Box(Float(x0), Float(y0), Float(x1), Float(y1)) }
}

extension Box {
  fileprivate var corners: SIMD4<Double> { [Double(x0), Double(y0), Double(x1), Double(y1)] }
}

extension ObjectBox {
  fileprivate var truth: DetectionMetrics.Truth {
    .init(
      [frame.x0, frame.y0, frame.x1, frame.y1], classIndex: classIndex, area: area,
      isCrowd: isCrowd, isDifficult: isDifficult)
  }
}
