import ZooKit
import ZooVision

extension ClassificationTask {
  var viewKinds: [PictureView.Kind] { [.flip, .scales, .crops] }

  func views(_ kinds: [PictureView.Kind]) -> [PictureView] {
    PictureView.views(kinds, scales: [0.875, 0.75])
  }

  /// All probabilities are needed for a mean.
  func optionsOfMembers(_ options: TaskOptions) -> TaskOptions {
    var all = options
    all[Self.top.name] = .integer(.max)
    return all
  }

  /// The mean of the probabilities.
  func combined(
    _ seen: [SeenPrediction], of size: Window.Size, classes: [String], _ options: TaskOptions
  ) throws -> any Prediction {
    let answers = seen.compactMap { $0.prediction as? Classification }
    var sums = [Double](repeating: 0, count: classes.count)
    for answer in answers {
      for guess in answer.top { sums[guess.index] += Double(guess.probability) }
    }
    return Classification(
      probabilities: sums.map { Float($0 / Double(max(1, answers.count))) }, classes: classes,
      top: options.integer(Self.top) ?? 5)
  }
}
