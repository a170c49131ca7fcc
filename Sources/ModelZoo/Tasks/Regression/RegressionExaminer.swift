import ZooData
import ZooKit
import ZooMetrics
import ZooStore
import ZooVision

/// Evaluates regression in the units of the data.
final class RegressionExaminer: Examiner {
  private let exam: Exam
  private let outputs: SplitOutputs
  /// The numbers of every picture, if its mistakes are wanted.
  private var seen: [(item: Int, found: [Float], truth: [Float])] = []

  init(_ exam: Exam) { (self.exam, outputs) = (exam, SplitOutputs(exam)) }

  var columns: [String] { ["image"] + exam.classes.flatMap { [$0, "true \($0)"] } }

  func examine(
    _ model: Model, progress: (Int) throws -> Void, row: (([String]) throws -> Void)?
  ) throws -> Report {
    try model.check(isFor: .regression)
    guard exam.how.partners.isEmpty else {
      throw ZooError.usage("several models for regression are combined by predict only")
    }
    let names = exam.classes
    var metrics = RegressionMetrics(names: names)
    let scale = model.checkpoint.outputScale
    var done = 0
    seen = []
    try outputs.forEachBatch(of: model) { output, batch in
      guard case .values(let truth) = batch.truths, truth.shape == output.shape else {
        throw ZooError.corrupt("the pictures have no numbers that a network could be judged by")
      }
      let found = try scale?.restored(output) ?? output
      try metrics.update(predicted: found.values, truth: truth.values)
      done += batch.items.count
      try progress(done)
      let (answers, truths) = (found.values, truth.values)
      if exam.how.isGathering {
        for (place, item) in batch.items.enumerated() {
          let range = place * names.count..<(place + 1) * names.count
          seen.append((item, Array(answers[range]), Array(truths[range])))
        }
      }
      guard let row else { return }
      for (place, item) in batch.items.enumerated() {
        let cells = names.indices.flatMap { index in
          let position = place * names.count + index
          return ["\(answers[position])", "\(truths[position])"]
        }
        try row([exam.split.items[item].name] + cells)
      }
    }
    return metrics.report(model: model.name, data: exam.data)
  }

  /// For each number the largest errors.
  func mistakes(of model: Model) -> Mistakes {
    let most = 24
    let groups = exam.classes.enumerated().map { index, name in
      let errors = seen.map { abs($0.found[index] - $0.truth[index]) }
      // Numbers of different units are compared by their usual error.
      let usual = max(errors.reduce(0, +) / Float(max(1, errors.count)), .leastNormalMagnitude)
      let worst = seen.indices.sorted { (errors[$1], $0) < (errors[$0], $1) }.prefix(most)
      return Mistakes.Group(
        "\(name): largest errors",
        worst.map { place in
          let (item, found, truth) = seen[place]
          return Mistake(
            item: item,
            captions: [("found", found), ("true", truth)].map { word, numbers in
              "\(word) \(decimal(Double(numbers[index]), digits: 3))"
            },
            rows: [[found[index], truth[index], errors[place]].map { String(describing: $0) }],
            explained: [.class(name)], severity: Double(errors[place] / usual))
        })
    }
    return Mistakes(
      "largest errors in \(seen.count) pictures", groups, columns: ["found", "true", "error"],
      layout: .init(perRow: 8, aspect: 1), mostDrawn: most)
  }
}
