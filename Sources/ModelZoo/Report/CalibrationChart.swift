import ZooKit
import ZooMetrics
import ZooStore
import ZooTraining

/// A reliability diagram: how often answers of each confidence are right.
struct CalibrationChart {
  private let calibration: Calibration
  private let before: Calibration?
  private let subject: String
  private let fitted: String?

  /// - Parameters:
  ///   - calibration: of the answers as they are given.
  ///   - before: of the answers before they were calibrated, if they were.
  ///   - subject: what has the confidence: “a box”.
  ///   - fitted: how it was calibrated.
  init(_ calibration: Calibration, before: Calibration?, of subject: String, _ fitted: String?) {
    (self.calibration, self.before) = (calibration, before)
    (self.subject, self.fitted) = (subject, fitted)
  }

  private static func points(_ calibration: Calibration) -> [SIMD2<Double>] {
    calibration.bins.filter { $0.count > 0 }.map {
      [$0.confidence / Double($0.count), Double($0.hits) / Double($0.count)]
    }
  }

  /// None without answers.
  var sections: [PageSection] {
    guard let error = calibration.expectedError else { return [] }
    let points = Self.points(calibration)
    var lines = [
      LineChart.Line(
        name: before == nil ? "" : "calibrated",
        note: before == nil ? "" : "error \(decimal(error, digits: 3))", points: points),
      LineChart.Line(points: points, isDots: true),
    ]
    if let before {
      lines.append(
        .init(
          name: "before", note: "error \(decimal(before.expectedError ?? 0, digits: 3))",
          points: Self.points(before), isOurs: false))
    }
    let chart = LineChart(
      title: "reliability diagram", x: .share("confidence"), y: .share("right"), lines: lines,
      diagonal: "honest")
    let counts = calibration.bins.map { Double($0.count) }
    let width = 1 / Double(counts.count)
    // As steps: a level for every bin.
    let steps = counts.enumerated().flatMap { index, count -> [SIMD2<Double>] in
      [[Double(index) * width, count], [Double(index + 1) * width, count]]
    }
    let spread = LineChart(
      title: "number of answers by confidence", x: .share("confidence"),
      y: .amount("answers", to: counts.max() ?? 1), lines: [.init(points: steps)])
    var notes: [Markup] = [
      """
      How often \(subject) is right, by its confidence. On the dashed line 80 % means four out of \
      five; below it the model is too sure.
      """
    ]
    if let floor = calibration.floor {
      notes.append(
        """
        The mean gap is \(decimal(error, digits: 4)); chance alone would give \
        \(decimal(floor, digits: 4)).
        """)
    }
    if let fitted { notes.append("The \(fitted).") }
    return [
      PageSection(
        "Calibration", notes: notes,
        body: .pair([
          .figure("Reliability", "", chart.markup),
          .figure("Confidence", "", spread.markup),
        ]))
    ]
  }
}
