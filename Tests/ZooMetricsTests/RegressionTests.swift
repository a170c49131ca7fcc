import TestSupport
import Testing
import ZooKit
import ZooMetrics
import ZooStore

@Suite struct RegressionTests {
  @Test(arguments: Golden.all.regression)
  func equalsScikitLearn(_ golden: Golden.Regression) throws {
    let (predicted, truth) = golden.inputs
    var metrics = RegressionMetrics(names: (0..<golden.outputs).map { "output \($0)" })
    // Batches of any size count as the whole.
    let half = golden.count / 3 * golden.outputs
    try metrics.update(predicted: Array(predicted[..<half]), truth: Array(truth[..<half]))
    try metrics.update(predicted: Array(predicted[half...]), truth: Array(truth[half...]))
    #expect(metrics.count == golden.count)
    let outputs = 0..<golden.outputs
    #expect(areClose(outputs.map { metrics.meanAbsoluteError(of: $0) }, golden.mae))
    #expect(areClose(outputs.map { metrics.rootMeanSquaredError(of: $0) }, golden.rmse))
    #expect(areClose(outputs.map { metrics.determination(of: $0) }, golden.r2))
    #expect(isClose(metrics.meanAbsoluteError, golden.meanMAE))
    #expect(isClose(metrics.rootMeanSquaredError, golden.meanRMSE))
    #expect(isClose(metrics.determination, golden.meanR2))
    let report = metrics.report(model: "resnet20", data: "faces")
    #expect(isClose(report["mae"], golden.meanMAE) && isClose(report["r2"], golden.meanR2))
    #expect(report.task == .regression && report.perClass.count == golden.outputs)
  }

  /// The same number for every item: an error has a size, and there is nothing to explain.
  @Test func constantTruth() throws {
    var metrics = RegressionMetrics(names: ["fixed", "free"])
    try metrics.update(predicted: [3.1, 1, 2.9, 2, 3.1, 3], truth: [3.1, 1, 3.1, 2, 3.1, 3])
    #expect(metrics.determination(of: 0) == nil && metrics.determination(of: 1) == 1)
    #expect(metrics.determination == 1)
    #expect(isClose(metrics.meanAbsoluteError(of: 0), Double(Float(3.1) - Float(2.9)) / 3))
    let report = metrics.report(model: "m", data: "d")
    #expect(report.perClass[0].metrics.map(\.name) == ["mae", "rmse"])
    #expect(report.perClass[1].metrics.map(\.name) == ["mae", "rmse", "r2"])
    var single = RegressionMetrics(names: ["a"])
    #expect(single.meanAbsoluteError == nil && single.determination == nil)
    try single.update(predicted: [2], truth: [3])
    #expect(single.meanAbsoluteError == 1 && single.determination == nil)
  }

  @Test func refusalsChangeNothing() throws {
    var metrics = RegressionMetrics(names: ["a", "b"])
    #expect(throws: ZooError.failure("3 predictions and 4 truths for 2 outputs")) {
      try metrics.update(predicted: [1, 2, 3], truth: [1, 2, 3, 4])
    }
    #expect(throws: ZooError.failure("item 1: the prediction of “b” is nan")) {
      try metrics.update(predicted: [1, 2, 3, .nan], truth: [1, 2, 3, 4])
    }
    #expect(throws: ZooError.failure("item 0: the truth of “a” is inf")) {
      try metrics.update(predicted: [1, 2], truth: [.infinity, 2])
    }
    #expect(metrics.count == 0 && metrics.meanAbsoluteError == nil)
  }
}
