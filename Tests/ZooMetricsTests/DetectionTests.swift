import TestSupport
import Testing
import ZooKit
import ZooMetrics
import ZooStore

@Suite struct DetectionTests {
  @Test(arguments: Golden.all.detection)
  func equalsPycocotools(_ golden: Golden.Detection) throws {
    var metrics = DetectionMetrics(classes: (0..<golden.classes).map(String.init))
    var (found, boxes) = (0, 0)
    for picture in golden.scenes {
      try metrics.update(found: picture.found, truth: picture.truth)
      found += picture.found.count
      boxes += picture.truth.count
    }
    #expect(found == golden.found && boxes == golden.boxes)
    let summary = metrics.summary()
    let stats = [
      summary.mAP, summary.mAP50, summary.mAP75, summary.mAPSmall, summary.mAPMedium,
      summary.mAPLarge, summary.recall1, summary.recall10, summary.recall100,
      summary.recallSmall, summary.recallMedium, summary.recallLarge,
    ]
    #expect(areClose(stats, golden.stats))
    #expect(areClose(summary.averagePrecision, golden.ap))
    #expect(areClose(summary.averagePrecision50, golden.ap50))
    #expect(areClose(summary.recall, golden.recall))
    let report = metrics.report(model: "yolo", data: "blood")
    #expect(isClose(report["mAP50"], golden.stats[1]))
    #expect(report.perClass.map(\.count).reduce(0, +) == golden.boxes)
  }

  @Test func difficultBoxesCountForNothing() throws {
    var metrics = DetectionMetrics(classes: ["a"])
    let box = SIMD4<Double>(0, 0, 10, 10)
    let other = SIMD4<Double>(50, 50, 60, 60)
    // Two detections on the difficult box, one on the other.
    try metrics.update(
      found: [
        .init(box, classIndex: 0, score: 0.9), .init(box, classIndex: 0, score: 0.8),
        .init(other, classIndex: 0, score: 0.7),
      ],
      truth: [
        .init(box, classIndex: 0, isDifficult: true), .init(other, classIndex: 0),
      ])
    #expect(isClose(metrics.summary().mAP, 1))
    // A missed difficult box does not count either.
    var missed = DetectionMetrics(classes: ["a"])
    try missed.update(found: [], truth: [.init(box, classIndex: 0, isDifficult: true)])
    #expect(missed.summary().mAP == nil)
  }

  /// Rates, their curve and the outcome of every box count the same, at every score.
  @Test(arguments: Golden.all.detection)
  func thresholdsAgreeWithTheOutcomesOfBoxes(_ golden: Golden.Detection) throws {
    var metrics = DetectionMetrics(classes: (0..<golden.classes).map(String.init))
    for picture in golden.scenes {
      try metrics.update(found: picture.found, truth: picture.truth)
    }
    let curve = metrics.rateCurve()
    #expect(curve.isEmpty == (golden.found == 0))
    #expect(curve.map(\.threshold) == curve.map(\.threshold).sorted(by: >))
    for rates in curve {
      var (right, wrong, missed) = (0, 0, 0)
      for picture in golden.scenes {
        let outcomes = DetectionMetrics.outcomes(
          of: picture.found, truth: picture.truth, above: rates.threshold)
        right += outcomes.found.count { $0 == .truePositive }
        wrong += outcomes.found.count { $0 == .falsePositive }
        missed += outcomes.missed.count
      }
      #expect(rates.truePositives == right && rates.missed == missed)
      #expect(rates.falsePositives == wrong)
      let each = (0..<golden.classes).map { metrics.rates(above: rates.threshold, of: $0) }
      #expect(each.reduce(0) { $0 + $1.truePositives } == right)
      #expect(metrics.rates(above: rates.threshold) == rates)
    }
    guard let best = metrics.bestRates else {
      return #expect(curve.allSatisfy { $0.truePositives == 0 })
    }
    #expect(best.f1 == curve.compactMap(\.f1).max())
    let report = metrics.report(model: "yolo", data: "blood", threshold: best.threshold)
    #expect(report["f1AtThreshold"] == best.f1 && report["bestF1"] == best.f1)
    #expect(report["precisionAtThreshold"] == best.precision)
    #expect(report["recallAtThreshold"] == best.recall)
    // The recall of a class does not depend on the threshold.
    let recalls = metrics.summary().recall
    for entry in report.perClass {
      #expect(entry.metrics.first { $0.name == "recall" }?.value == recalls[entry.index])
      let rates = metrics.rates(above: best.threshold, of: entry.index)
      #expect(
        entry.metrics.first { $0.name == "recallAtThreshold" }?.value == rates.recall)
    }
  }

  /// Two right boxes and a wrong one below them: the threshold is a short number between.
  @Test func theBestThresholdKeepsWhatIsRight() throws {
    var metrics = DetectionMetrics(classes: ["a", "b"])
    let (box, other) = (SIMD4<Double>(0, 0, 10, 10), SIMD4<Double>(50, 50, 60, 60))
    #expect(metrics.bestRates == nil)
    try metrics.update(
      found: [
        .init(box, classIndex: 0, score: 0.4), .init(other, classIndex: 1, score: 0.06),
        .init(other, classIndex: 0, score: 0.03),
      ], truth: [.init(box, classIndex: 0), .init(other, classIndex: 1)])
    let best = try #require(metrics.bestRates)
    #expect(best.threshold == 0.05 || best.threshold == 0.04)
    #expect(best.precision == 1 && best.recall == 1 && best.f1 == 1)
    #expect(metrics.rates(above: 0.5).precision == nil)
    #expect(metrics.rates(above: 0.5).recall == 0)
    #expect(metrics.rates(above: 0.1, of: 0).f1 == 1)
    #expect(metrics.rates(above: 0.1).f1 == 2.0 / 3)
    let outcomes = DetectionMetrics.outcomes(
      of: [.init(box, classIndex: 1, score: 0.9)],
      truth: [.init(box, classIndex: 0), .init(other, classIndex: 1, isDifficult: true)],
      above: 0.5)
    #expect(outcomes.found == [.falsePositive] && outcomes.missed == [0])
  }

  @Test func refusals() throws {
    var metrics = DetectionMetrics(classes: ["a"])
    let box = SIMD4<Double>(0, 0, 10, 10)
    func message(_ found: [DetectionMetrics.Found], _ truth: [DetectionMetrics.Truth]) -> String? {
      #expect(throws: ZooError.self) { try metrics.update(found: found, truth: truth) }?.message
    }
    #expect(
      message([.init(box, classIndex: 1, score: 0.5)], [])
        == "picture 0: a found box has class 1; expected 0 to 0")
    #expect(
      message([.init(box, classIndex: 0, score: .nan)], [])
        == "picture 0: a found box has score nan")
    #expect(
      message([], [.init([3, 0, 2, 1], classIndex: 0)])
        == "picture 0: a box has corners 3.0, 0.0, 2.0, 1.0")
    #expect(metrics.count == 0)
  }
}

extension Golden.Detection {
  typealias Scene = (found: [DetectionMetrics.Found], truth: [DetectionMetrics.Truth])

  /// As in make.py: boxes on a grid of quarters, so that overlaps and scores tie.
  var scenes: [Scene] {
    let per = max(most, 1)
    func quarter(_ number: Int) -> Double { Double(number) / 4 }
    return (0..<pictures).map { picture in
      var scene: Scene = ([], [])
      for slot in 0..<whole("\(name).number", picture, most + 1) {
        let i = picture * per + slot
        let x = quarter(whole("\(name).place0", i, 2048))
        let y = quarter(whole("\(name).place1", i, 2048))
        let w = 4 + quarter(whole("\(name).side0", i, extent * 4))
        let h = 4 + quarter(whole("\(name).side1", i, extent * 4))
        let kind = whole("\(name).kind", i, classes)
        let isSmaller = Formula.unit("\(name).smaller", i) > 0.5
        scene.truth.append(
          .init(
            [x, y, x + w, y + h], classIndex: kind, area: w * h * (isSmaller ? 0.5 : 1),
            isCrowd: crowds && Formula.unit("\(name).crowd", i) > 0.8))
        for copy in 0..<whole("\(name).copies", i, 4) {
          let j = i * 3 + copy
          let shift = (0..<4).map { quarter(whole("\(name).shift\($0)", j, 65) - 32) }
          let isWrong = whole("\(name).confused", j, 8) == 0
          let (left, top) = (x + shift[0], y + shift[1])
          let (width, height) = (max(w + shift[2], 1), max(h + shift[3], 1))
          scene.found.append(
            .init(
              [left, top, left + width, top + height],
              classIndex: (kind + (isWrong ? 1 : 0)) % classes,
              score: Double(whole("\(name).score", j, 50)) / 50))
        }
      }
      return scene
    }
  }
}
