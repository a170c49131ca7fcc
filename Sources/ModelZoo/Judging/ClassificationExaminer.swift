import Glibc
import ZooData
import ZooEngine
import ZooKit
import ZooMetrics

/// Judges classifiers. What a frozen stretch makes of the pictures is computed for the first model
/// and kept for the others.
final class ClassificationExaminer: Examiner {
  private let how: Examination
  private let split: Split
  private let data: String
  private let classes: [String]
  /// What the frozen stretch gave for each batch, and the truths.
  private var features: [(inputs: [String: Tensor], batch: Answered)]?

  /// A batch without its pictures.
  private struct Answered {
    let items: [Int]
    let truths: Truths
  }

  /// As much as is kept of what a frozen stretch gives.
  private static let mostFeatures = 1 << 30

  init(_ how: Examination, _ split: Split, _ data: String, classes: [String]) {
    self.how = how
    self.split = split
    self.data = data
    self.classes = classes
  }

  var columns: [String] { ["image", "truth", "predicted"] + classes }

  func examine(
    _ model: Model, progress: (Int) throws -> Void, row: (([String]) throws -> Void)?
  ) throws -> Report {
    guard model.checkpoint.head != .none else {
      throw ZooError.usage("\(model.name) ends with its features and knows no classes")
    }
    var gathered = Gathered(classes)
    var done = 0
    func judge(_ logits: Tensor, _ batch: Answered) throws {
      try gathered.update(logits, batch.truths, batch.items.map { split.items[$0].name }, row)
      done += batch.items.count
      try progress(done)
    }
    let engine = try how.engine.engine(for: how.precision)
    if let halves = try divided(model.graph) {
      let plan = try InferencePlan(
        halves.rest, model.weights, batch: how.batch, engine: engine)
      if let features {
        for (inputs, batch) in features { try judge(plan.only(inputs), batch) }
      } else {
        let before = try InferencePlan(
          halves.frozen, model.weights, batch: how.batch, engine: engine)
        var kept: [(inputs: [String: Tensor], batch: Answered)] = []
        try forEachBatch(model) { input, batch in
          let values = try before.runFilled([before.inputs[0].name: input])
          kept.append((values, batch))
          try judge(plan.only(values), batch)
        }
        features = kept
      }
    } else {
      let plan = try InferencePlan(model.graph, model.weights, batch: how.batch, engine: engine)
      try forEachBatch(model) { input, batch in
        try judge(plan.only([plan.inputs[0].name: input]), batch)
      }
    }
    return gathered.report(model: model.name, data: data)
  }

  /// The network before and after what is computed once, where that is worth its memory.
  private func divided(_ graph: Graph) throws -> (frozen: Graph, rest: Graph)? {
    guard let frozen = how.frozen, let halves = try graph.splitFrozen(frozen) else { return nil }
    let numbers = halves.frozen.outputs.reduce(0) {
      $0 + halves.frozen.operations[$1.operation].shape.count
    }
    let (bytes, overflow) = (4 * numbers).multipliedReportingOverflow(by: split.count)
    return overflow || bytes > ClassificationExaminer.mostFeatures ? nil : halves
  }

  private func forEachBatch(_ model: Model, _ body: (Tensor, Answered) throws -> Void) throws {
    let loader = Loader(
      split, classes: classes.count, preprocessing: model.checkpoint.preprocessing,
      batchSize: how.batch, shuffles: false)
    let batches = loader.batches(epoch: 0)
    while let batch = try batches.next() {
      try body(batch.input, Answered(items: batch.indices, truths: batch.truths))
    }
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
        "the network gives \(logits.shape), \(names.count)×\(count) was expected")
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
      throw ZooError.corrupt("the pictures have no labels that a classifier could be judged by")
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
