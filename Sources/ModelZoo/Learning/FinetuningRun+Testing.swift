import ZooEngine
import ZooKit
import ZooMetrics
import ZooStore

extension FinetuningRun {
  /// Judges the best epoch by the pictures that are kept for testing, and adds the figures to the
  /// record of `best.h5`. Nil if none are kept. Doing it again writes the same bytes.
  public func test(in folder: String) throws -> Report? {
    guard let test = parts.test else { return nil }
    var registry = Registry()
    try registry.add(type(of: start.variant.architecture))
    let path = "\(folder)/best.h5"
    let best = try Model(contentsOf: path, name: path, registry: registry)
    let task = try checkpoint.task.definition
    let examiner = task.examiner(
      for: Exam(
        Examination(engine: engine), test.split, data: test.data,
        classes: task.classes(of: checkpoint)))
    let report = try examiner.examine(best, progress: { _ in }, row: nil)
    var record = best.checkpoint
    record.metrics.removeAll { $0.dataset == test.data }
    record.metrics += task.logged(classes: checkpoint.classes.count).compactMap { name in
      report[name].map {
        Metric(name: name, value: $0, dataset: test.data, source: "measured")
      }
    }
    record = task.judged(record, as: [])
    try Model(
      name: path, checkpoint: record, variant: best.variant, graph: best.graph,
      weights: best.weights
    ).save(to: path)
    return report
  }
}
