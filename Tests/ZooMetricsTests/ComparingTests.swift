import Foundation
import Testing
import ZooKit
import ZooMetrics

/// Intervals and tests of differences, against scipy, statsmodels and scikit-learn
/// (`Tests/Golden/comparing/make.py`).
@Suite struct ComparingTests {
  private struct Golden: Decodable {
    struct Difference: Decodable {
      let interval: [Double]
      let p: Double
    }
    struct Pair: Decodable {
      let onlyFirst, onlySecond: Int
      let p: Double
    }
    struct Holm: Decodable { let p, adjusted: [Double] }

    let labels: [Int]
    let first, second, truth, guess: [Float]
    let draws: Int
    let intervals, grouped, scipy, numbers: [String: [Double]]
    let differences: [String: Difference]
    let mcnemar: [Pair]
    let pair: Pair
    let holm: Holm
  }

  private let golden: Golden

  init() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Golden/comparing/golden.json")
    golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
  }

  private func report(_ name: String, _ scores: [Float]) throws -> Report {
    var metrics = ClassificationMetrics(classes: ["no", "yes"])
    try metrics.update(probabilities: scores.flatMap { [1 - $0, $0] }, labels: golden.labels)
    return metrics.report(model: name, data: "")
  }

  private func findings(_ report: Report) throws -> any Findings {
    try #require(report.findings)
  }

  private func isClose(_ range: ClosedRange<Double>?, _ wanted: [Double], _ most: Double) -> Bool {
    guard let range else { return false }
    return abs(range.lowerBound - wanted[0]) <= most && abs(range.upperBound - wanted[1]) <= most
  }

  /// On every picture once, a measure is the report.
  @Test func measuresEqualTheReport() throws {
    let report = try report("b", golden.second)
    let measured = try findings(report).measure()(golden.labels.map { _ in 1 })
    #expect(measured.count == 11)
    for (name, value) in measured {
      #expect(abs(value - (report[name] ?? .nan)) < 1e-12, "\(name)")
    }
  }

  /// The same draws give scikit-learn's metrics and numpy's quantiles. scipy draws others: with 300
  /// and 4999 draws the ends of the intervals lie within three hundredths of each other.
  @Test func intervals() throws {
    let bootstrap = Bootstrap(draws: golden.draws)
    let found = try bootstrap.intervals(of: try findings(report("b", golden.second)))
    for (name, wanted) in golden.intervals {
      #expect(isClose(found[name], wanted, 1e-9), "\(name): \(String(describing: found[name]))")
    }
    for (name, wanted) in golden.scipy { #expect(isClose(found[name], wanted, 0.03), "\(name)") }
    var numbers = RegressionMetrics(names: ["age"])
    try numbers.update(predicted: golden.guess, truth: golden.truth)
    let ranges = try bootstrap.intervals(of: numbers)
    for (name, wanted) in golden.numbers { #expect(isClose(ranges[name], wanted, 1e-5), "\(name)") }
  }

  /// Pictures of a group are drawn together, and McNemar's test, which takes pictures for independent,
  /// is not used.
  @Test func groupsAreDrawn() throws {
    let groups = golden.labels.indices.map { "patient \($0 / 5)" }
    let bootstrap = Bootstrap(draws: golden.draws, groups: groups)
    #expect(bootstrap.groupCount == 30)
    let found = try bootstrap.intervals(of: findings(report("b", golden.second)))
    for (name, wanted) in golden.grouped {
      #expect(isClose(found[name], wanted, 1e-9), "\(name): \(String(describing: found[name]))")
    }
    let counts = Bootstrap(groups: ["a", "b", "a", "c"]).counts(4, draw: 2)
    #expect(counts[0] == counts[2] && counts[0] + counts[1] + counts[3] == 3)
    let reports = try [report("a", golden.first), report("b", golden.second)]
    let comparison = try #require(
      ModelComparison.all(reports, by: "accuracy", bootstrap).first)
    #expect(comparison.test.name == "paired bootstrap")
    #expect(throws: ZooError.self) {
      try Bootstrap(groups: ["a", "b"]).intervals(of: findings(report("b", golden.second)))
    }
  }

  @Test func differences() throws {
    let found = try Bootstrap(draws: golden.draws).differences(
      of: findings(report("b", golden.second)), from: findings(report("a", golden.first)))
    for (name, wanted) in golden.differences {
      #expect(isClose(found[name]?.interval, wanted.interval, 1e-9), "\(name)")
      #expect(abs((found[name]?.p ?? .nan) - wanted.p) < 1e-12, "\(name)")
    }
  }

  @Test func mcNemar() {
    for pair in golden.mcnemar {
      let p = McNemar(onlyFirst: pair.onlyFirst, onlySecond: pair.onlySecond).p
      #expect(abs(p - pair.p) < 1e-10 * max(pair.p, 1e-6), "\(pair.onlyFirst) \(pair.onlySecond)")
    }
  }

  @Test func holm() {
    for (found, wanted) in zip(ModelComparison.holm(golden.holm.p), golden.holm.adjusted) {
      #expect(abs(found - wanted) < 1e-12)
    }
  }

  @Test func twoModelsAndThree() throws {
    let reports = [try report("a", golden.first), try report("b", golden.second)]
    let pair = try #require(try ModelComparison.all(reports, by: "accuracy").first)
    guard case .mcNemar(let counts) = pair.test else {
      Issue.record("accuracy is compared by \(pair.test.name)")
      return
    }
    #expect(counts.onlyFirst == golden.pair.onlyFirst)
    #expect(counts.onlySecond == golden.pair.onlySecond)
    #expect(abs(pair.p - golden.pair.p) < 1e-12)
    #expect(pair.isShown && pair.difference > 0 && pair.interval.contains(pair.difference))
    // A model does not differ from itself; three comparisons raise the p-values by Holm's method.
    let three = try ModelComparison.all(reports + [report("c", golden.first)], by: "accuracy")
    #expect(three.map(\.first) == ["a", "a", "b"] && three.map(\.second) == ["b", "c", "c"])
    #expect(three.map(\.isShown) == [true, false, true])
    #expect(abs(three[0].p - 3 * golden.pair.p) < 1e-12 && three[1].p == 1)
    let areas = try ModelComparison.all(reports, by: "auc")
    #expect(areas.first?.test.name == "paired bootstrap")
  }

  /// Metrics of masks and boxes of repeated pictures are those of the pictures given again.
  @Test func repeatedPictures() throws {
    let masks: [(drawn: [UInt8], truth: [UInt8])] = [
      ([0, 1, 1, 0], [0, 1, 0, 0]), ([1, 1, 1, 1], [0, 1, 1, 1]), ([0, 0, 0, 1], [1, 1, 0, 1]),
    ]
    let counts = [2, 0, 3]
    var (once, again) = (
      SegmentationMetrics(classes: ["a", "b"]), SegmentationMetrics(classes: ["a", "b"])
    )
    var (found, foundAgain) = (
      DetectionMetrics(classes: ["a", "b"]), DetectionMetrics(classes: ["a", "b"])
    )
    for (index, mask) in masks.enumerated() {
      let place = Double(index)
      let boxes: [DetectionMetrics.Found] = [
        .init([0, 0, 10, 10 + place], classIndex: 0, score: 0.9 - 0.1 * place),
        .init([20, 0, 30, 10], classIndex: index % 2, score: 0.5),
      ]
      let truth: [DetectionMetrics.Truth] = [
        .init([0, 0, 10, 11], classIndex: 0), .init([20, 0, 30, 12], classIndex: 1),
      ]
      try once.update(predicted: mask.drawn, truth: mask.truth)
      try found.update(found: boxes, truth: truth)
      for _ in 0..<counts[index] {
        try again.update(predicted: mask.drawn, truth: mask.truth)
        try foundAgain.update(found: boxes, truth: truth)
      }
    }
    // The threshold of the report, which is chosen and does not vary.
    let boxes = try findings(found.report(model: "", data: "", threshold: 0.7))
    for (measured, report, fixed) in [
      (once.measure()(counts), again.report(model: "", data: ""), 0),
      (boxes.measure()(counts), foundAgain.report(model: "", data: "", threshold: 0.7), 1),
    ] {
      #expect(measured.count == report.metrics.count - fixed && !measured.isEmpty)
      for (name, value) in measured {
        #expect(abs(value - (report[name] ?? .nan)) < 1e-12, "\(name)")
      }
    }
  }
}
