import ZooData
import ZooKit
import ZooMetrics
import ZooStore
import ZooVision

/// Evaluates segmenters on the pixels of whole pictures, in tiles if they are large.
final class SegmentationExaminer: Examiner {
  private let exam: Exam
  private(set) var seen: [(item: Int, dice: Double, accuracy: Double)] = []

  init(_ exam: Exam) { self.exam = exam }

  var columns: [String] {
    ["image", "pixelAccuracy"] + exam.classes.map { "dice \($0)" }
  }

  func examine(
    _ model: Model, progress: (Int) throws -> Void, row: (([String]) throws -> Void)?
  ) throws -> Report {
    let segment = try segmenting(model)
    let classes = exam.classes
    let isGathering = exam.how.isGathering
    seen = []
    var all = SegmentationMetrics(classes: classes, ignoring: Truth.ignored)
    for (done, item) in exam.split.items.enumerated() {
      let sample = try item.sample()
      guard case .mask(let truth) = sample.truth else {
        throw ZooError.corrupt("\(item.name) has no mask to evaluate a segmenter on")
      }
      let answer = try segment(sample.picture)
      var own = SegmentationMetrics(classes: classes, ignoring: Truth.ignored)
      try answer.mask.withPixels { drawn in
        try truth.withPixels { truth in
          try all.update(predicted: drawn, truth: truth)
          if row != nil || isGathering { try own.update(predicted: drawn, truth: truth) }
        }
      }
      try progress(done + 1)
      if isGathering, let accuracy = own.pixelAccuracy {
        seen.append((done, own.meanDice ?? accuracy, accuracy))
      }
      let shares = [own.pixelAccuracy] + classes.indices.map { own.dice(of: $0) }
      try row?([item.name] + shares.map { $0.map { String(describing: $0) } ?? "" })
    }
    return all.report(model: exam.how.name(of: model), data: exam.data)
  }

  private func segmenting(_ model: Model) throws -> (Picture) throws -> Segmentation {
    if let combined = try exam.how.combined(with: model, exam.how.options) {
      return { try combined.answer($0, as: Segmentation.self) }
    }
    let segmenter = try SemanticSegmenter(
      model, engine: exam.how.engine, precision: exam.how.precision)
    let threshold = SegmentationTask.threshold(exam.how.options)
    return { try segmenter.segment($0, threshold: threshold) }
  }

  /// The pictures with the least Dice, each with its true mask and the answer. The masks are computed
  /// again when they are drawn.
  func mistakes(of model: Model) throws -> Mistakes {
    let segment = try segmenting(model)
    let worst = seen.sorted { ($0.dice, $0.item) < ($1.dice, $1.item) }
    var mistakes = Mistakes(
      "picture, truth, answer; the least Dice first",
      [
        .init(
          "mean Dice",
          worst.map { item, dice, accuracy in
            Mistake(
              item: item,
              captions: [
                "Dice \(decimal(dice, digits: 3)), pixel accuracy \(decimal(accuracy, digits: 3))"
              ], rows: [["\(dice)", "\(accuracy)"]])
          })
      ], columns: ["meanDice", "pixelAccuracy"], layout: .init(perRow: 1, aspect: 0.34),
      mostDrawn: 40
    ) { _, sample in
      guard case .mask(let truth) = sample.truth else { return sample.picture }
      let answer = try segment(sample.picture)
      let masks = [try truth.replacing(Truth.ignored, with: answer.background), answer.mask]
      return try .sideBySide(
        [sample.picture.rgb.shrunk(to: 400)]
          + masks.map {
            try sample.picture.overlaid(mask: $0, background: answer.background).shrunk(to: 400)
          })
    }
    let background = exam.classes.first?.lowercased() == "background" ? 0 : nil
    let palette = Colour.palette(of: exam.classes.count, background: background)
    mistakes.legend = zip(exam.classes, palette).enumerated().filter { $0.offset != background }
      .map { ($0.element.0, $0.element.1) }
    return mistakes
  }
}

extension Picture {
  /// With one level in place of another; as it is if there is none to put there.
  fileprivate func replacing(_ old: UInt8, with new: Int?) throws -> Picture {
    guard let new = new.flatMap(UInt8.init(exactly:)) else { return self }
    var replaced = self
    try replaced.withMutablePixels { pixels in
      for index in pixels.indices where pixels[index] == old { pixels[index] = new }
    }
    return replaced
  }
}
