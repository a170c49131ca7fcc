import ModelZoo

/// Both runs side by side.
extension DemoPage {
  private var attempts: [Attempt] { [tour.ours, tour.scratch] }

  var transferText: [Markup] {
    [
      """
      Both runs use the same network, pictures, options and seed. One starts from weights trained on
      eight other classes, with a new head; the other starts from random weights.
      """,
      """
      The test pictures are used once, at the end. Neither run saw them before.
      """,
    ]
  }

  var transfer: Markup {
    let confusions: [Markup] = attempts.map { ConfusionTable(attempt: $0).markup }
    let validation = tour.data["val"]?.count ?? 0
    return """
      <div class="pair">
      <figure><figcaption><b>Accuracy by epoch</b>on the \(validation) validation pictures; the ring
      marks the epoch that was kept</figcaption>
      \(accuracyCurves.markup)</figure>
      <figure><figcaption><b>Loss by epoch</b>on the \(shots) training pictures</figcaption>
      \(lossCurves.markup)</figure>
      <figure><figcaption><b>ROC</b>the share of \(tour.ours.classes.last ?? "") found, against the share
      of other pictures mistaken for it</figcaption>
      \(rocCurves.markup)</figure>
      <figure><figcaption><b>Confusion</b>each row is all test pictures of one class</figcaption>
      <div class="confusions">\(confusions)</div></figure>
      </div>
      \(metrics)
      """
  }

  private var epochs: LineChart.Axis {
    .count("epoch", to: attempts.flatMap(\.epochs).map(\.number).max() ?? 1)
  }

  private var accuracyCurves: LineChart {
    let least = attempts.flatMap(\.epochs).map(\.accuracy).filter(\.isFinite).min() ?? 0
    return LineChart(
      title: "accuracy of both runs by epoch", x: epochs,
      y: .share("accuracy", from: least < 0.4 ? 0 : 0.4),
      lines: attempts.map { attempt in
        LineChart.Line(
          name: attempt.name, note: "best \(percent(attempt.kept?.accuracy ?? 0))",
          points: attempt.epochs.map { SIMD2(Double($0.number), $0.accuracy) },
          isOurs: attempt.isOurs, ring: attempt.kept.map { SIMD2(Double($0.number), $0.accuracy) })
      })
  }

  private var lossCurves: LineChart {
    LineChart(
      title: "loss of both runs by epoch", x: epochs,
      y: .amount(
        "cross-entropy", to: attempts.flatMap(\.epochs).map(\.loss).filter(\.isFinite).max() ?? 1),
      lines: attempts.map { attempt in
        let last = attempt.epochs.last { $0.loss.isFinite }?.loss ?? 0
        return LineChart.Line(
          name: attempt.name, note: "last \(decimal(last, digits: 2))",
          points: attempt.epochs.map { SIMD2(Double($0.number), $0.loss) },
          isOurs: attempt.isOurs)
      })
  }

  private var rocCurves: LineChart {
    LineChart(
      title: "ROC curves of both runs", x: .share("false positives"), y: .share("found"),
      lines: attempts.compactMap { attempt in
        attempt.ranking.rocCurve.map { curve in
          LineChart.Line(
            name: attempt.name,
            note: "area \(decimal(attempt.ranking.areaUnderROC ?? 0, digits: 3))",
            points: zip(curve.falsePositiveRates, curve.truePositiveRates).map { SIMD2($0, $1) },
            isOurs: attempt.isOurs, nameAt: attempt.isOurs ? 0.3 : 0.42)
        }
      }, diagonal: "guessing")
  }

  private var metrics: Markup {
    let shown: KeyValuePairs = [
      "accuracy": "accuracy", "auc": "area under ROC", "f1Macro": "F1, mean of classes",
      "logLoss": "log loss", "expectedCalibrationError": "calibration error",
    ]
    let rows: [Markup] = shown.map { key, words in
      let cells: [Markup] = attempts.map { attempt in
        let value = attempt.report[key].map { decimal($0, digits: 4) } ?? "–"
        return "<td class=\"number\(attempt.isOurs ? " ours" : "")\">\(value)</td>"
      }
      return "<tr><th scope=\"row\">\(words)</th>\(cells)</tr>\n"
    }
    let heads: [Markup] = attempts.map { "<th scope=\"col\" class=\"number\">\($0.name)</th>" }
    return """
      <table class="plain metrics">
      <thead><tr><td>on the test pictures</td>\(heads)</tr></thead>
      <tbody>\(rows)</tbody>
      </table>

      """
  }
}
