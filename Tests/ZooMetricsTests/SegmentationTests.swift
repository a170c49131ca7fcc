import Testing
import ZooKit
import ZooMetrics
import ZooStore

@Suite struct SegmentationTests {
  @Test(arguments: Golden.all.segmentation)
  func equalsScikitLearn(_ golden: Golden.Segmentation) throws {
    let (predicted, truth) = golden.inputs
    var metrics = SegmentationMetrics(
      classes: (0..<golden.classes).map(String.init), ignoring: golden.ignored)
    // Two halves count like the whole.
    let half = predicted.count / 2
    try metrics.update(predicted: Array(predicted[..<half]), truth: Array(truth[..<half]))
    try metrics.update(predicted: Array(predicted[half...]), truth: Array(truth[half...]))
    #expect(metrics.count == 2)
    for index in 0..<golden.classes {
      #expect(isClose(metrics.iou(of: index) ?? 0, golden.iou[index]))
      #expect(isClose(metrics.dice(of: index) ?? 0, golden.dice[index]))
      #expect((metrics.iou(of: index) == nil) == golden.missing.contains(index))
    }
    #expect(isClose(metrics.meanIoU, golden.meanIoU))
    #expect(isClose(metrics.meanDice, golden.meanDice))
    #expect(isClose(metrics.pixelAccuracy, golden.pixelAccuracy))
    #expect(isClose(metrics.meanPixelAccuracy, golden.meanPixelAccuracy))
    let report = metrics.report(model: "unet", data: "cells")
    #expect(isClose(report["meanIoU"], golden.meanIoU))
    #expect(isClose(report["dice"], golden.classes == 2 ? golden.dice[1] : nil))
    #expect(report.perClass.map(\.count).reduce(0, +) == metrics.confusion.total)
  }

  @Test func refusalsChangeNothing() throws {
    var metrics = SegmentationMetrics(classes: ["a", "b"])
    #expect(
      throws: ZooError.failure("a mask has class 2; expected 0 to 1")
    ) { try metrics.update(predicted: [0, 1, 2], truth: [0, 1, 1]) }
    #expect(
      throws: ZooError.failure("a mask of 1 pixels cannot be compared with one of 2")
    ) { try metrics.update(predicted: [0], truth: [0, 1]) }
    #expect(metrics.confusion.total == 0 && metrics.count == 0)
    #expect(metrics.meanIoU == nil && metrics.pixelAccuracy == nil)
  }

  @Test func countsAdd() throws {
    var (a, b) = (ConfusionMatrix(classes: 2), ConfusionMatrix(classes: 2))
    a.add(truth: 0, predicted: 1)
    b.add(truth: 1, predicted: 1, count: 4)
    try a.add(b)
    #expect(a.rows == [[0, 1], [0, 4]])
    #expect(throws: ZooError.self) { try a.add(ConfusionMatrix(classes: 3)) }
  }
}
