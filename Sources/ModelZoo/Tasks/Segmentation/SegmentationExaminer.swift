import ZooData
import ZooKit
import ZooMetrics
import ZooStore

/// Evaluates segmenters on the pixels of whole pictures, in tiles if they are large.
final class SegmentationExaminer: Examiner {
  private let how: Examination
  private let split: Split
  private let data: String
  /// The names of the masks' values.
  private let classes: [String]

  init(_ how: Examination, _ split: Split, _ data: String, classes: [String]) {
    self.how = how
    self.split = split
    self.data = data
    self.classes = classes
  }

  var columns: [String] { ["image", "pixelAccuracy"] + classes.map { "dice \($0)" } }

  func examine(
    _ model: Model, progress: (Int) throws -> Void, row: (([String]) throws -> Void)?
  ) throws -> Report {
    let segmenter = try SemanticSegmenter(model, engine: how.engine, precision: how.precision)
    let threshold = SegmentationTask.threshold(how.options)
    var all = SegmentationMetrics(classes: classes, ignoring: Truth.ignored)
    for (done, item) in split.items.enumerated() {
      let sample = try item.sample()
      guard case .mask(let truth) = sample.truth else {
        throw ZooError.corrupt("\(item.name) has no mask to evaluate a segmenter on")
      }
      let answer = try segmenter.segment(sample.picture, threshold: threshold)
      var own = SegmentationMetrics(classes: classes, ignoring: Truth.ignored)
      try answer.mask.withPixels { drawn in
        try truth.withPixels { truth in
          try all.update(predicted: drawn, truth: truth)
          if row != nil { try own.update(predicted: drawn, truth: truth) }
        }
      }
      try progress(done + 1)
      let shares = [own.pixelAccuracy] + classes.indices.map { own.dice(of: $0) }
      try row?([item.name] + shares.map { $0.map { String(describing: $0) } ?? "" })
    }
    return all.report(model: model.name, data: data)
  }
}
