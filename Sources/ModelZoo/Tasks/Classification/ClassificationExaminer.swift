import Glibc
import ZooData
import ZooKit
import ZooMetrics

/// Evaluates classifiers.
final class ClassificationExaminer: Examiner {
  private let split: Split
  private let data: String
  private let classes: [String]
  private let outputs: SplitOutputs

  init(_ how: Examination, _ split: Split, _ data: String, classes: [String]) {
    self.split = split
    self.data = data
    self.classes = classes
    outputs = SplitOutputs(how, split, classes: classes.count)
  }

  var columns: [String] { ["image", "truth", "predicted"] + classes }

  func examine(
    _ model: Model, progress: (Int) throws -> Void, row: (([String]) throws -> Void)?
  ) throws -> Report {
    try model.check(isFor: .classification)
    var gathered = Gathered(classes)
    var done = 0
    try outputs.forEachBatch(of: model) { logits, truth in
      try gathered.update(logits, truth.truths, truth.items.map { split.items[$0].name }, row)
      done += truth.items.count
      try progress(done)
    }
    return gathered.report(model: model.name, data: data)
  }
}

/// One label, or several, for each picture.
private struct Gathered {
  private let classes: [String]
  private var one: ClassificationMetrics
  private var several: MultiLabelMetrics?

  init(_ classes: [String]) {
    self.classes = classes
    one = ClassificationMetrics(classes: classes)
  }

  mutating func update(
    _ logits: Tensor, _ truths: Truths, _ names: [String], _ row: (([String]) throws -> Void)?
  ) throws {
    let count = classes.count
    guard logits.shape.sizes == [names.count, count] else {
      throw ZooError.corrupt(
        "the network gives \(logits.shape); expected \(names.count)×\(count)")
    }
    let scores: [Float]
    let truth: [String]
    switch truths {
    case .labels(let labels):
      scores = softmax(logits.values, count)
      try one.update(probabilities: scores, labels: labels)
      truth = labels.map { classes[$0] }
    case .shares(let shares):
      scores = logits.values.map { 1 / (1 + exp(-$0)) }
      let answers = shares.values.map { $0 > 0.5 }
      var metrics = several ?? MultiLabelMetrics(classes: classes)
      several = nil
      try metrics.update(scores: scores, answers: answers)
      several = metrics
      truth = names.indices.map { item in
        (0..<count).filter { answers[item * count + $0] }.map { classes[$0] }.joined(separator: " ")
      }
    case .none, .boxes, .masks, .values:
      throw ZooError.corrupt("the pictures have no labels to evaluate a classifier on")
    }
    guard let row else { return }
    for (item, name) in names.enumerated() {
      let mine = scores[item * count..<(item + 1) * count]
      let best = mine.indices.max { (mine[$0], -$0) < (mine[$1], -$1) } ?? mine.startIndex
      try row(
        [name, truth[item], classes[best - mine.startIndex]] + mine.map { String(describing: $0) })
    }
  }

  func report(model: String, data: String) -> Report {
    several?.report(model: model, data: data) ?? one.report(model: model, data: data)
  }
}
