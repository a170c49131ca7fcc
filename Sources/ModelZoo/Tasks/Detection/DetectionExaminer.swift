import ZooData
import ZooDetection
import ZooEngine
import ZooKit
import ZooMetrics

/// Evaluates detectors in pixels of the original pictures, like COCO.
final class DetectionExaminer: Examiner {
  private let how: Examination
  private let split: Split
  private let data: String
  private let classes: [String]

  init(_ how: Examination, _ split: Split, _ data: String, classes: [String]) {
    self.how = how
    self.split = split
    self.data = data
    self.classes = classes
  }

  var columns: [String] { ["image", "class", "score", "x0", "y0", "x1", "y1"] }

  func examine(
    _ model: Model, progress: (Int) throws -> Void, row: (([String]) throws -> Void)?
  ) throws -> Report {
    let detector = try ObjectDetector(
      model, engine: how.engine, precision: how.precision,
      suppression: DetectionTask.suppression(how.options))
    let options = DetectionTask.judged(by: how.options)
    var metrics = DetectionMetrics(classes: classes)
    for (done, item) in split.items.enumerated() {
      let sample = try item.sample()
      guard case .boxes(let boxes) = sample.truth else {
        throw ZooError.corrupt("\(sample.name) has no boxes to evaluate a detector on")
      }
      let found = try detector.detect(sample.picture, options)
      try metrics.update(
        found: found.map { object in
          .init(object.box.corners, classIndex: object.index, score: Double(object.score))
        }, truth: boxes.map(\.truth))
      try progress(done + 1)
      guard let row else { continue }
      for object in found {
        try row([sample.name, object.name, "\(object.score)"] + object.box.sides.map { "\($0)" })
      }
    }
    return metrics.report(model: model.name, data: data)
  }
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
