import ZooKit
import ZooMetrics
import ZooStore
import ZooTraining
import ZooVision

extension ClassificationExaminer {
  /// Rankings and calibration.
  func sections(of model: Model, _ report: Report) -> [PageSection] {
    var sections: [PageSection] = []
    if let metrics = report.findings as? ClassificationMetrics {
      if metrics.classes.count == 2, let ranking = metrics.ranking(of: 1) {
        sections.append(ranking.section(of: metrics.classes[1]))
      } else {
        let decisions = metrics.confusion
        sections += RankedClass.section(
          metrics.classes.indices.compactMap { index in
            metrics.ranking(of: index).flatMap { ranking in
              RankedClass(
                name: metrics.classes[index], index: index, ranking,
                found: decisions.recall(of: index), precision: decisions.precision(of: index),
                alarms: decisions.specificity(of: index).map { 1 - $0 })
            }
          }, decidedBy: "the likeliest class of each picture")
      }
      sections +=
        CalibrationChart(
          metrics.calibration, before: uncalibrated,
          of: "the likeliest class", model.checkpoint.confidence?.sentence
        ).sections
    } else if let metrics = report.findings as? MultiLabelMetrics {
      sections += RankedClass.section(
        metrics.classes.indices.compactMap { index in
          metrics.ranking(of: index).flatMap { ranking in
            let rates = ranking.rates(from: metrics.threshold)
            return RankedClass(
              name: metrics.classes[index], index: index, ranking, found: rates.found,
              precision: metrics.precision(of: index), alarms: rates.alarms)
          }
        }, decidedBy: "the score \(metrics.threshold)")
    }
    return sections
  }
}

extension Ranking {
  /// The shares of positives and negatives with at least this score.
  fileprivate func rates(from score: Float) -> (found: Double?, alarms: Double?) {
    let place = thresholds.lastIndex { $0 >= score }
    let (hits, misses) = (
      place.map { truePositives[$0] } ?? 0, place.map { falsePositives[$0] } ?? 0
    )
    return (
      positives > 0 ? Double(hits) / Double(positives) : nil,
      negatives > 0 ? Double(misses) / Double(negatives) : nil
    )
  }

  /// The two curves of a yes-or-no question, with the thresholds that matter.
  fileprivate func section(of name: String) -> PageSection {
    var figures: [Markup] = []
    // The first of two classes is answered where both are equal.
    let rates = rates(from: Float(0.5).nextUp)
    let (youden, best) = (threshold(by: .youden), threshold(by: .f1))
    if let curve = rocCurve {
      var marks: [LineChart.Mark] = []
      if let x = rates.alarms, let y = rates.found { marks.append(.init([x, y], "answer, 0.5")) }
      if let youden, abs(youden.score - 0.5) > 0.02 {
        marks.append(
          .init([1 - youden.specificity, youden.sensitivity], "Youden, \(Self.text(youden.score))"))
      }
      let chart = LineChart(
        title: "ROC curve of \(name)", x: .share("false alarms"), y: .share("found"),
        lines: [
          .init(points: zip(curve.falsePositiveRates, curve.truePositiveRates).map { [$0, $1] })
        ], diagonal: "guessing", marks: marks)
      figures.append(
        .figure(
          "ROC",
          """
          Area \(decimal(areaUnderROC ?? 0, digits: 3)): how many of \(name) are found, against how \
          many others are taken for it.
          """, chart.markup))
    }
    if let curve = precisionRecallCurve {
      var marks: [LineChart.Mark] = []
      let place = thresholds.lastIndex { $0 > 0.5 }
      if let place {
        let (hits, all) = (truePositives[place], truePositives[place] + falsePositives[place])
        marks.append(
          .init([Double(hits) / Double(positives), Double(hits) / Double(all)], "answer, 0.5"))
      }
      if let best, abs(best.score - 0.5) > 0.02 {
        marks.append(
          .init([best.sensitivity, best.precision], "best F1, \(Self.text(best.score))"))
      }
      let chart = LineChart(
        title: "precision and recall of \(name)", x: .share("found (recall)"),
        y: .share("right (precision)"),
        lines: [.init(points: zip(curve.recalls, curve.precisions).map { [$0, $1] })],
        marks: marks, level: Double(positives) / Double(max(1, positives + negatives)))
      figures.append(
        .figure(
          "Precision and recall",
          """
          Area \(decimal(averagePrecision ?? 0, digits: 3)). The dashed line is guessing.
          """, chart.markup))
    }
    var notes: [Markup] = [
      "Pictures ranked by the probability of <b>\(name)</b>. The answer is the likelier class: 0.5."
    ]
    if youden != nil {
      notes.append(
        """
        Other thresholds are fitted to these pictures: choose one here only if the figures are then \
        taken from others.
        """)
    }
    return PageSection(
      "Threshold", notes: notes,
      body: figures.isEmpty
        ? "<p class=\"note\">All pictures are of one class, so there is no curve.</p>\n"
        : .pair(figures))
  }

  private static func text(_ score: Float) -> String { decimal(Double(score), digits: 2) }
}

/// One class against all others, with the point at which it is decided.
struct RankedClass {
  let name: String
  let index: Int
  let ranking: Ranking
  /// At the decision: the share of the class that is found, of its answers that are right, of the others
  /// that are taken for it.
  let found, precision, alarms: Double?

  init(
    name: String, index: Int, _ ranking: Ranking, found: Double?, precision: Double?,
    alarms: Double?
  ) {
    (self.name, self.index, self.ranking) = (name, index, ranking)
    (self.found, self.precision, self.alarms) = (found, precision, alarms)
  }

  private static let most = 8

  /// The curves of the classes that are ranked worst; none if no class can be ranked.
  static func section(_ classes: [RankedClass], decidedBy decision: String) -> [PageSection] {
    let ranked = classes.filter { $0.ranking.areaUnderROC != nil }
    guard !ranked.isEmpty else { return [] }
    let worst = ranked.sorted {
      ($0.ranking.areaUnderROC ?? 0, $0.index) < ($1.ranking.areaUnderROC ?? 0, $1.index)
    }.prefix(most).sorted { $0.index < $1.index }
    func chart(
      _ title: String, _ x: String, _ y: String, _ line: (RankedClass) -> LineChart.Line,
      diagonal: String? = nil
    ) -> Markup {
      LineChart(
        title: title, x: .share(x), y: .share(y), lines: worst.map(line), diagonal: diagonal
      ).markup
    }
    func point(_ x: Double?, _ y: Double?) -> SIMD2<Double>? {
      if let x, let y { [x, y] } else { nil }
    }
    let roc = chart(
      "ROC curves", "false alarms", "found",
      { entry in
        let curve = entry.ranking.rocCurve
        return .init(
          points: zip(curve?.falsePositiveRates ?? [], curve?.truePositiveRates ?? [])
            .map { [$0, $1] },
          ring: point(entry.alarms, entry.found), colour: Colour(ofClass: entry.index).css)
      }, diagonal: "guessing")
    let recall = chart(
      "precision and recall", "found (recall)", "right (precision)",
      { entry in
        let curve = entry.ranking.precisionRecallCurve
        return .init(
          points: zip(curve?.recalls ?? [], curve?.precisions ?? []).map { [$0, $1] },
          ring: point(entry.found, entry.precision), colour: Colour(ofClass: entry.index).css)
      })
    let legend = Markup.legend(
      worst.map {
        (
          "\($0.name) \(decimal($0.ranking.areaUnderROC ?? 0, digits: 3))",
          Colour(ofClass: $0.index)
        )
      })
    var notes: [Markup] = [
      "Each class against all others. The rings are where it is decided: \(decision)."
    ]
    if ranked.count > worst.count {
      notes.append(
        "The \(worst.count) of \(ranked.count) classes with the smallest area under the ROC curve.")
    }
    let figures: [Markup] = [
      .figure("ROC", "", roc), .figure("Precision and recall", "", recall),
    ]
    return [
      PageSection("Threshold", notes: notes, body: "\(Markup.pair(figures))\(legend)")
    ]
  }
}
