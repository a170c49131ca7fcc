import ZooKit
import ZooVision

extension RegressionTask {
  /// The mean of the numbers. Views are not offered: a mirrored face looks the other way.
  func combined(
    _ seen: [SeenPrediction], of size: Window.Size, classes: [String], _ options: TaskOptions
  ) throws -> any Prediction {
    let answers = seen.compactMap { $0.prediction as? Regression }
    return Regression(
      values: classes.enumerated().map { index, name in
        let sum = answers.reduce(0.0) { $0 + Double($1.values[index].value) }
        return .init(name: name, value: Float(sum / Double(max(1, answers.count))))
      })
  }
}
