import Foundation
import TestSupport
import Testing
import ZooKit
import ZooMetrics
import ZooStore

/// Results of SciPy and NumPy; `Tests/Golden/calibration/make.py` wrote them, with the same formulas
/// for the inputs.
private struct CalibrationGolden: Decodable {
  let temperatures: [Case]
  let distances: [Distances]

  struct Case: Decodable {
    let name: String
    let count, classes: Int
    let scale, bonus: Float
    let temperature: Double
  }

  struct Distances: Decodable {
    let name: String
    let count, classes: Int
    let groups: [Int]
    let distances: [Double]
  }

  static let all: CalibrationGolden = {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Golden/calibration/golden.json")
    return try! JSONDecoder().decode(CalibrationGolden.self, from: Data(contentsOf: file))
  }()

  static func labels(_ name: String, _ count: Int, _ classes: Int) -> [Int] {
    (0..<count).map {
      min(Int((Double(Formula.unit("\(name).label", $0)) + 1) / 2 * Double(classes)), classes - 1)
    }
  }
}

@Suite struct CalibrationTests {
  @Test(arguments: CalibrationGolden.all.temperatures.indices)
  func temperatureEqualsSciPys(_ index: Int) throws {
    let golden = CalibrationGolden.all.temperatures[index]
    let labels = CalibrationGolden.labels(golden.name, golden.count, golden.classes)
    var logits = (0..<golden.count * golden.classes).map {
      Formula.unit("\(golden.name).logit", $0) * golden.scale
    }
    for (item, label) in labels.enumerated() {
      logits[item * golden.classes + label] += golden.bonus
    }
    let found = try Temperature.fitted(logits: logits, labels: labels, classes: golden.classes)
    // SciPy's own stopping rule leaves about 1e-8 of the logarithm.
    #expect(abs(log(found / golden.temperature)) < 1e-6, "\(found) \(golden.temperature)")
  }

  @Test func uselessLogitsHaveALimit() throws {
    // The answers are always wrong, so the flattest probabilities are the best.
    let labels = Array(repeating: 0, count: 20)
    let logits = labels.flatMap { _ in [-5, 5] as [Float] }
    let flat = try Temperature.fitted(logits: logits, labels: labels, classes: 2)
    #expect(Temperature.range.contains(flat) && flat > 50)
    // Every temperature is equally good.
    let same = try Temperature.fitted(logits: [1, 1, 1, 1], labels: [0, 1], classes: 2)
    #expect(same == 1)
    for (logits, labels, classes) in [
      ([1, 2], [2], 2), ([1, .nan], [0], 2), ([1], [0], 1), ([], [], 2), ([1, 2, 3], [0], 2),
    ] as [([Float], [Int], Int)] {
      #expect(throws: ZooError.self) {
        try Temperature.fitted(logits: logits, labels: labels, classes: classes)
      }
    }
  }

  /// Logits that are honest, and the same ten times as far apart.
  private func drawn(_ count: Int) -> (logits: [Float], labels: [Int]) {
    let random = Random(seed: 5)
    var (logits, labels): ([Float], [Int]) = ([], [])
    for item in 0..<count {
      let row = (0..<4).map { random.key("logit").key(item).normal($0) * 2 }
      let shares = row.map { exp(Double($0)) }
      var rest = Double(random.key("label").uniform(item)) * shares.reduce(0, +)
      let label = shares.firstIndex { share in
        rest -= share
        return rest < 0
      }
      labels.append(label ?? 3)
      logits += row
    }
    return (logits, labels)
  }

  @Test func aTemperatureMustHelpPicturesThatItWasNotFittedTo() throws {
    let (logits, labels) = drawn(400)
    func gain(_ logits: [Float]) throws -> Double {
      let temperatures = try Temperature.heldOut(logits: logits, labels: labels, classes: 4)
      #expect(temperatures.count == 10 && Set(temperatures).count > 1)
      return labels.indices.reduce(0) { sum, item in
        let row = logits[item * 4..<item * 4 + 4].map(Double.init)
        func loss(_ t: Double) -> Double {
          RowSoftmax(row.map { $0 / t }).surprise(of: row[labels[item]] / t)
        }
        return sum + loss(1) - loss(temperatures[item % 10])
      }
    }
    #expect(try gain(logits) < Temperature.leastGain)
    #expect(try gain(logits.map { 3 * $0 }) > 10 * Temperature.leastGain)
    // Each of two pictures has the temperature of the other.
    let two = try Temperature.heldOut(
      logits: [2, 0, 0, 1], labels: [0, 0], classes: 2)
    #expect(two.count == 2)
    #expect(two[0] == (try Temperature.fitted(logits: [0, 1], labels: [0], classes: 2)))
  }

  /// Honest confidences, drawn a thousand times.
  @Test func chanceAloneGivesTheFloor() throws {
    let random = Random(seed: 9)
    let confidences = (0..<300).map { 0.25 + 0.75 * random.uniform($0) }
    var (errors, floor) = (0.0, 0.0)
    for trial in 0..<1000 {
      var calibration = Calibration()
      let draws = random.key(trial)
      for (item, confidence) in confidences.enumerated() {
        calibration.add(confidence: confidence, isRight: draws.uniform(item) < confidence)
      }
      errors += try #require(calibration.expectedError) / 1000
      floor = try #require(calibration.floor)
    }
    // The mean of 1,000 trials, and bins with few pictures, are a few per cent off.
    #expect(abs(errors / floor - 1) < 0.05, "\(errors) \(floor)")
    #expect(Calibration().floor == nil)
  }

  @Test func reliabilityIsADiagram() throws {
    var calibration = Calibration(bins: 4)
    for (confidence, isRight) in [(0.2, true), (0.9, true), (0.8, false)] {
      calibration.add(confidence: Float(confidence), isRight: isRight)
    }
    let bins = try #require(calibration.json.list)
    #expect(bins.map { $0["count"]?.integer } == [1, 0, 0, 2])
    #expect(bins[3]["accuracy"]?.number == 0.5 && bins[3]["from"]?.number == 0.75)
    #expect(bins[1]["confidence"]?.isNull == true)
  }

  @Test(arguments: CalibrationGolden.all.distances.indices)
  func distancesEqualNumPys(_ index: Int) throws {
    let golden = CalibrationGolden.all.distances[index]
    let labels = CalibrationGolden.labels(golden.name, golden.count, golden.classes)
    func features(_ name: String, _ count: Int) throws -> [Tensor] {
      try golden.groups.enumerated().map { index, width in
        try Tensor(
          [count, width],
          (0..<count * width).map { max(Formula.unit("\(golden.name).\(name)\(index)", $0), 0) })
      }
    }
    let known = try features("known", golden.count).map { group in
      var group = group
      let width = group.shape[1]
      try group.withMutableValues { values in
        for (item, label) in labels.enumerated() { values[item * width + label % width] += 2 }
      }
      return group
    }
    let distance = try FeatureDistance(of: known, labels: labels)
    let others = try features("other", golden.distances.count)
    for (item, expected) in golden.distances.enumerated() {
      let found = try distance(to: others.map { $0.row(item) })
      // The covariance's factor is stored in float32.
      #expect(abs(found - expected) < 1e-4 * expected, "\(found) \(expected)")
    }
    // As it is read from a file.
    let stored = try FeatureDistance(whitening: distance.whitening, means: distance.means)
    let first = others.map { $0.row(0) }
    #expect(try stored(to: first) == distance(to: first))
  }

  @Test func manyFeaturesAreFolded() throws {
    let count = 3 * FeatureDistance.most
    let rows = (0..<30 * count).map { Formula.unit("wide", $0) }
    let distance = try FeatureDistance(
      of: [Tensor([30, count], rows)], labels: (0..<30).map { $0 % 2 })
    #expect(distance.whitening.shape.sizes == [512, 512])
    let own = try distance(to: [Array(rows[..<count])])
    let other = try distance(to: [(0..<count).map { 9 * Formula.unit("other", $0) }])
    #expect(own < 1.5 && other > 3 * own, "\(own) \(other)")
    #expect(throws: ZooError.self) { try distance(to: [[1, 2, 3]]) }
    #expect(throws: ZooError.self) {
      try FeatureDistance(whitening: Tensor(zeros: [3, 2]), means: Tensor(zeros: [1, 3]))
    }
  }

  @Test func thresholdKeepsItsRate() {
    let known = (1...99).map(Double.init)
    #expect(FeatureDistance.threshold(known, falseAlarms: 0.05) == 95)
    #expect(FeatureDistance.threshold(known, falseAlarms: 0.001) == 99)
    #expect(FeatureDistance.threshold([], falseAlarms: 0.05) == .infinity)
  }
}
