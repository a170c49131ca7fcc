import ZooKit
import ZooMetrics
import ZooStore
import ZooTraining

extension RegressionExaminer {
  private static let (mostOutputs, mostDots) = (8, 2000)

  /// Each number against the truth, and its errors.
  func sections(of model: Model, _ report: Report) -> [PageSection] {
    guard let metrics = report.findings as? RegressionMetrics else { return [] }
    return metrics.names.indices.prefix(Self.mostOutputs).map { index in
      let name = metrics.names[index]
      let all = metrics.numbers(of: index).map { SIMD2(Double($0.truth), Double($0.predicted)) }
      let step = max(1, (all.count + Self.mostDots - 1) / Self.mostDots)
      let dots = stride(from: 0, to: all.count, by: step).map { all[$0] }
      let range = dots.flatMap { [$0.x, $0.y] }
      let against = LineChart(
        title: "\(name), predicted against true", x: .spanning("true", range),
        y: .spanning("predicted", range), lines: [.init(points: dots, isDots: true)],
        diagonal: "exact")
      let errors = dots.map { SIMD2($0.x, $0.y - $0.x) }
      let most = errors.map { abs($0.y) }.max() ?? 0
      let residuals = LineChart(
        title: "errors of \(name)", x: .spanning("true", dots.map(\.x)),
        y: .spanning("predicted − true", [-most, most]),
        lines: [.init(points: errors, isDots: true)], level: 0)
      var notes: [Markup] = ["A dot for each picture."]
      if step > 1 { notes.append("\(grouped(dots.count)) of \(grouped(all.count)) are drawn.") }
      if let error = metrics.meanAbsoluteError(of: index) {
        let bias = all.reduce(0) { $0 + $1.y - $1.x } / Double(max(1, all.count))
        notes.append(
          "Mean absolute error \(Curves.short(error)); mean error \(Curves.short(bias)).")
      }
      return PageSection(
        name, notes: notes,
        body: .pair([
          .figure("Predicted against true", "", against.markup),
          .figure("Errors", "An error that depends on the number is a slope.", residuals.markup),
        ]))
    }
  }
}
