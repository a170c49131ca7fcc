import Testing
import ZooKit
import ZooMetrics
import ZooStore

@Suite struct ClassificationTests {
  @Test(arguments: Golden.all.classification)
  func equalsScikitLearn(_ golden: Golden.Classification) throws {
    let (labels, probabilities) = golden.inputs
    let names = (0..<golden.classes).map { "class \($0)" }
    var metrics = ClassificationMetrics(classes: names)
    // In batches of several sizes.
    var start = 0
    for size in [1, 7, 32, labels.count] where start < labels.count {
      let end = min(start + size, labels.count)
      try metrics.update(
        probabilities: Array(probabilities[start * golden.classes..<end * golden.classes]),
        labels: labels[start..<end])
      start = end
    }
    let confusion = metrics.confusion
    let all = 0..<golden.classes
    #expect(metrics.count == golden.count)
    #expect(confusion.rows == golden.confusion)
    #expect(isClose(metrics.accuracy, golden.accuracy))
    #expect(isClose(metrics.top5, golden.top5))
    #expect(isClose(metrics.balancedAccuracy, golden.balancedAccuracy))
    #expect(isClose(confusion.macroF1, golden.f1Macro))
    #expect(isClose(confusion.accuracy, golden.f1Micro))
    #expect(isClose(confusion.macroJaccard, golden.jaccardMacro))
    #expect(isClose(metrics.logLoss, golden.logLoss))
    #expect(isClose(metrics.calibration.expectedError, golden.calibration))
    #expect(isClose(metrics.areaUnderROC, golden.auc))
    #expect(isClose(metrics.averagePrecision, golden.averagePrecision))
    #expect(areClose(all.map(confusion.precision), golden.classPrecision))
    #expect(areClose(all.map(confusion.recall), golden.classRecall))
    #expect(areClose(all.map(confusion.f1), golden.classF1))
    #expect(areClose(all.map(confusion.specificity), golden.classSpecificity))
    let present = all.map { golden.classAUC[$0] == nil ? nil : metrics.ranking(of: $0) }
    #expect(areClose(present.map { $0?.areaUnderROC }, golden.classAUC))
    #expect(areClose(present.map { $0?.averagePrecision }, golden.classAP))

    let report = metrics.report(model: "m", data: "d")
    #expect(isClose(report["precision"], golden.precision))
    #expect(isClose(report["sensitivity"], golden.recall))
    #expect(isClose(report["f1"], golden.f1))
    #expect(isClose(report["auc"], golden.auc))
    #expect(report.confusion == golden.confusion)
  }

  @Test(arguments: Golden.all.classification.filter { $0.roc != nil })
  func curvesAndThresholds(_ golden: Golden.Classification) throws {
    let (labels, probabilities) = golden.inputs
    var metrics = ClassificationMetrics(classes: ["no", "yes"])
    try metrics.update(probabilities: probabilities, labels: labels)
    let ranking = try #require(metrics.ranking(of: 1))
    let roc = try #require(ranking.rocCurve)
    let expected = try #require(golden.roc)
    #expect(roc.thresholds[0] == .infinity)
    #expect(
      areClose(
        roc.thresholds.dropFirst().map { Double($0) }, Array(expected.thresholds.dropFirst())))
    #expect(areClose(roc.falsePositiveRates, expected.fpr))
    #expect(areClose(roc.truePositiveRates, expected.tpr))
    let curve = try #require(ranking.precisionRecallCurve)
    let pr = try #require(golden.pr)
    #expect(areClose(curve.thresholds.map { Double($0) }, pr.thresholds))
    #expect(areClose(curve.precisions, pr.precision))
    #expect(areClose(curve.recalls, pr.recall))
    let youden = try #require(ranking.threshold(by: .youden))
    #expect(Double(youden.score) == golden.youden?.score)
    #expect(isClose(youden.sensitivity, golden.youden?.sensitivity))
    #expect(isClose(youden.specificity, golden.youden?.specificity))
    let best = try #require(ranking.threshold(by: .f1))
    #expect(Double(best.score) == golden.bestF1?.score)
    #expect(isClose(best.f1, golden.bestF1?.f1))
  }

  @Test(arguments: Golden.all.multilabel)
  func severalLabels(_ golden: Golden.MultiLabel) throws {
    let (scores, answers) = golden.inputs
    var metrics = MultiLabelMetrics(classes: (0..<golden.classes).map(String.init))
    let half = scores.count / 2 / golden.classes * golden.classes
    try metrics.update(scores: Array(scores[..<half]), answers: Array(answers[..<half]))
    try metrics.update(scores: Array(scores[half...]), answers: Array(answers[half...]))
    #expect(metrics.count == golden.count)
    #expect(isClose(metrics.subsetAccuracy, golden.subsetAccuracy))
    #expect(isClose(metrics.microF1, golden.f1Micro))
    #expect(isClose(metrics.macroF1, golden.f1Macro))
    #expect(isClose(metrics.meanAveragePrecision, golden.meanAveragePrecision))
    #expect(isClose(metrics.areaUnderROC, golden.auc))
    #expect(isClose(metrics.report(model: "m", data: "d")["f1Micro"], golden.f1Micro))
  }

  @Test func nothingIsNoNumber() throws {
    let metrics = ClassificationMetrics(classes: ["a", "b"])
    #expect(metrics.accuracy == nil && metrics.logLoss == nil && metrics.areaUnderROC == nil)
    #expect(metrics.report(model: "m", data: "d").metrics.isEmpty)
    let one = try Ranking(scores: [0.3, 0.4], isPositive: [true, true])
    #expect(one.areaUnderROC == nil && one.rocCurve == nil && one.threshold(by: .youden) == nil)
    #expect(one.averagePrecision == 1)
    #expect(try Ranking(scores: [], isPositive: []).averagePrecision == nil)
  }

  @Test func wrongCertaintyIsNotInfinite() throws {
    var metrics = ClassificationMetrics(classes: ["a", "b"])
    try metrics.update(probabilities: [1, 0], labels: [1])
    // scikit-learn: log_loss([1], float32 [[1, 0]], labels=[0, 1])
    #expect(isClose(metrics.logLoss, 15.942385152878742, 1e-7))
  }

  @Test func negativeScoresAndZerosRank() throws {
    let ranking = try Ranking(
      scores: [-1.5, 0, -0.0, 3, -2], isPositive: [false, true, false, true, false])
    #expect(ranking.thresholds == [3, 0, -1.5, -2])
    #expect(ranking.truePositives == [1, 2, 2, 2])
    #expect(ranking.falsePositives == [0, 1, 2, 3])
  }

  @Test func logitsAreProbabilitiesAfterSoftmax() throws {
    let logits = try Tensor([2, 3], [1000, 999, -1000, 0, 0, 0])
    var metrics = ClassificationMetrics(classes: ["a", "b", "c"])
    try metrics.update(logits: logits, labels: [0, 2])
    // −(log 1/(1 + 1/e) + log 1/3) / 2
    #expect(isClose(metrics.logLoss, (0.31326168751822286 + 1.0986122886681098) / 2, 1e-7))
  }

  @Test func refusals() throws {
    var metrics = ClassificationMetrics(classes: ["ant", "bee"])
    func message(_ probabilities: [Float], _ labels: [Int]) -> String? {
      #expect(throws: ZooError.self) {
        try metrics.update(probabilities: probabilities, labels: labels)
      }?.message
    }
    #expect(message([0.5], [0]) == "1 probabilities for 1 items of 2 classes")
    #expect(message([0.5, 0.5], [2]) == "item 0 has class 2; expected 0 to 1")
    #expect(message([0.5, .nan], [0]) == "item 0: the probability of “bee” is nan")
    #expect(metrics.count == 0 && metrics.confusion.total == 0)
  }

  @Test func reportIsTheContractsJSON() throws {
    var metrics = ClassificationMetrics(classes: ["ant", "bee", "wasp"])
    try metrics.update(
      probabilities: [0.5, 0.25, 0.25, 0.25, 0.5, 0.25, 0.5, 0.25, 0.25], labels: [0, 1, 1])
    let report = metrics.report(model: "resnet18", data: "insects/val")
    let json = report.json
    guard case .object(let members) = json.content else { return #expect(Bool(false)) }
    #expect(
      members.map(\.key) == [
        "model", "data", "count", "task", "metrics", "perClass", "confusion",
        "reliability", "calibrationFloor",
      ])
    #expect(json["confusion"]?.text() == "[[1,0,0],[1,1,0],[0,0,0]]")
    #expect(json["task"]?.string == "classification")
    let wasp = try #require(json["perClass"]?.list?.last)
    #expect(wasp["class"]?.string == "wasp" && wasp["count"]?.integer == 0)
    #expect(wasp["recall"] == nil)
    // Undefined values are not printed as numbers.
    #expect(wasp["specificity"]?.number == 1)
    _ = try JSON(parsing: json.text(), origin: "report")
  }

  @Test func scoresNeedNotBeKept() throws {
    let golden = try #require(Golden.all.classification.first)
    let (labels, probabilities) = golden.inputs
    var metrics = ClassificationMetrics(classes: ["a", "b"], keepsScores: false)
    try metrics.update(probabilities: probabilities, labels: labels)
    #expect(isClose(metrics.accuracy, golden.accuracy))
    #expect(metrics.areaUnderROC == nil)
    #expect(metrics.report(model: "m", data: "d")["auc"] == nil)
  }
}
