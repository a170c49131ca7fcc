import ZooData
import ZooKit
import ZooMetrics

/// Evaluates regression in the units of the data.
final class RegressionExaminer: Examiner {
  private let split: Split
  private let data: String
  private let names: [String]
  private let outputs: SplitOutputs

  init(_ how: Examination, _ split: Split, _ data: String, names: [String]) {
    self.split = split
    self.data = data
    self.names = names
    outputs = SplitOutputs(how, split, classes: names.count)
  }

  var columns: [String] { ["image"] + names.flatMap { [$0, "true \($0)"] } }

  func examine(
    _ model: Model, progress: (Int) throws -> Void, row: (([String]) throws -> Void)?
  ) throws -> Report {
    try model.check(isFor: .regression)
    var metrics = RegressionMetrics(names: names)
    let scale = model.checkpoint.outputScale
    var done = 0
    try outputs.forEachBatch(of: model) { output, batch in
      guard case .values(let truth) = batch.truths, truth.shape == output.shape else {
        throw ZooError.corrupt("the pictures have no numbers that a network could be judged by")
      }
      let found = try scale?.restored(output) ?? output
      try metrics.update(predicted: found.values, truth: truth.values)
      done += batch.items.count
      try progress(done)
      guard let row else { return }
      let (answers, truths) = (found.values, truth.values)
      for (place, item) in batch.items.enumerated() {
        let cells = names.indices.flatMap { index in
          let position = place * names.count + index
          return ["\(answers[position])", "\(truths[position])"]
        }
        try row([split.items[item].name] + cells)
      }
    }
    return metrics.report(model: model.name, data: data)
  }
}
