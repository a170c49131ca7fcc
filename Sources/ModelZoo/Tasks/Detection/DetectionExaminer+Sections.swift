import ZooKit
import ZooMetrics
import ZooStore
import ZooTraining
import ZooVision

extension DetectionExaminer {
  private static let mostClasses = 8

  /// Precision and recall by score, confusion with background, and whether scores are honest.
  func sections(of model: Model, _ report: Report) -> [PageSection] {
    guard let metrics = (report.findings as? DetectionFindings)?.metrics else { return [] }
    let threshold = report["threshold"] ?? 0.5
    return [scores(metrics, threshold), confusion(metrics.classes, threshold)].compactMap(\.self)
      + CalibrationChart(metrics.calibration, before: nil, of: "a box", nil).sections
  }

  private func scores(_ metrics: DetectionMetrics, _ threshold: Double) -> PageSection? {
    let all = metrics.rateCurve()
    guard !all.isEmpty, all.contains(where: { $0.recall != nil }) else { return nil }
    func points(_ rate: (DetectionMetrics.Rates) -> Double?) -> [SIMD2<Double>] {
      all.compactMap { rates in rate(rates).map { [rates.threshold, $0] } }
    }
    let (right, found) = (Colour(ofClass: 3), Colour(ofClass: 5))
    let chosen = metrics.rates(above: threshold)
    let byScore = LineChart(
      title: "precision, recall and F1 by score", x: .share("score"), y: .share("share"),
      lines: [
        .init(points: points(\.f1)), .init(points: points(\.precision), colour: right.css),
        .init(points: points(\.recall), colour: found.css),
      ],
      marks: chosen.f1.map { [.init([threshold, $0], "threshold \(text(threshold))")] } ?? [])
    let classes = metrics.classes.indices.filter { metrics.boxCount(of: $0) > 0 }
    let areas = metrics.summary().averagePrecision50
    let worst = classes.sorted { (areas[$0] ?? 0, $0) < (areas[$1] ?? 0, $1) }
      .prefix(Self.mostClasses).sorted()
    let byRecall = LineChart(
      title: "precision and recall of each class", x: .share("found (recall)"),
      y: .share("right (precision)"),
      lines: worst.map { index in
        let rates = metrics.rates(above: threshold, of: index)
        let ring: SIMD2<Double>? =
          if let x = rates.recall, let y = rates.precision { [x, y] } else { nil }
        return .init(
          points: metrics.rateCurve(of: index).compactMap { rates in
            if let x = rates.recall, let y = rates.precision { [x, y] } else { nil }
          }, ring: ring, colour: Colour(ofClass: index).css)
      })
    let names = worst.map { index in
      (
        "\(metrics.classes[index]) \(areas[index].map { decimal($0, digits: 3) } ?? "")",
        Colour(ofClass: index)
      )
    }
    var notes: [Markup] = [
      """
      A box is right if it overlaps a true one of its class by half (IoU ≥ .5). The rings are at the \
      score above which boxes are shown, \(text(threshold)).
      """
    ]
    if classes.count > worst.count {
      notes.append(
        "The \(worst.count) of \(classes.count) classes with the lowest average precision.")
    }
    let accent = Colour(ofClass: 0)
    return PageSection(
      "Threshold", notes: notes,
      body: .pair([
        .figure(
          "By score", "",
          "\(byScore.markup)\(.legend([("F1", accent), ("precision", right), ("recall", found)]))"),
        .figure("Precision and recall", "", "\(byRecall.markup)\(.legend(names))"),
      ]))
  }

  private func confusion(_ classes: [String], _ threshold: Double) -> PageSection? {
    guard classes.count < 40, !confusion.isEmpty else { return nil }
    return PageSection(
      "Confusion",
      notes: [
        """
        Of the boxes above \(text(threshold)): the last row is what was found where nothing is, the last \
        column what was missed.
        """
      ], body: .confusion(classes + ["nothing"], confusion))
  }

  private func text(_ score: Double) -> String { decimal(score, digits: 3) }
}
