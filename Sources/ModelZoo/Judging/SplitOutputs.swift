import ZooData
import ZooEngine
import ZooKit

/// Runs networks with one output over the pictures of a split, batch by batch. The output of a frozen
/// prefix is computed for the first network and cached for the others.
final class SplitOutputs {
  /// A batch without its pictures.
  struct Truth {
    let items: [Int]
    let truths: Truths
  }

  private let exam: Exam
  /// The output of the frozen prefix for each batch.
  private var features: [(inputs: [String: Tensor], truth: Truth)]?

  /// The largest cache, in bytes.
  private static let mostFeatures = 1 << 30

  init(_ exam: Exam) { self.exam = exam }

  func forEachBatch(of model: Model, _ body: (_ output: Tensor, Truth) throws -> Void) throws {
    let how = exam.how
    let engine = try how.engine.engine(for: how.precision)
    guard let halves = try divided(model.graph) else {
      let plan = try InferencePlan(model.graph, model.weights, batch: how.batch, engine: engine)
      return try forEachInput(model) { input, truth in
        try body(plan.only([plan.inputs[0].name: input]), truth)
      }
    }
    let plan = try InferencePlan(halves.rest, model.weights, batch: how.batch, engine: engine)
    if let features {
      for (inputs, truth) in features { try body(plan.only(inputs), truth) }
      return
    }
    let prefix = try InferencePlan(halves.frozen, model.weights, batch: how.batch, engine: engine)
    var kept: [(inputs: [String: Tensor], truth: Truth)] = []
    try forEachInput(model) { input, truth in
      let values = try prefix.runFilled([prefix.inputs[0].name: input])
      kept.append((values, truth))
      try body(plan.only(values), truth)
    }
    features = kept
  }

  /// The frozen prefix and the rest, if the cache is not too large.
  private func divided(_ graph: Graph) throws -> (frozen: Graph, rest: Graph)? {
    guard let frozen = exam.how.frozen, let halves = try graph.splitFrozen(frozen) else {
      return nil
    }
    let numbers = halves.frozen.outputs.reduce(0) {
      $0 + halves.frozen.operations[$1.operation].shape.count
    }
    let (bytes, overflow) = (4 * numbers).multipliedReportingOverflow(by: exam.split.count)
    return overflow || bytes > SplitOutputs.mostFeatures ? nil : halves
  }

  private func forEachInput(_ model: Model, _ body: (Tensor, Truth) throws -> Void) throws {
    let loader = Loader(
      exam.split, classes: exam.classes.count, preprocessing: model.checkpoint.preprocessing,
      batchSize: exam.how.batch, shuffles: false)
    let batches = loader.batches(epoch: 0)
    while let batch = try batches.next() {
      try body(batch.input, Truth(items: batch.indices, truths: batch.truths))
    }
  }
}
