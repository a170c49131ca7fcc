import ZooData
import ZooKit
import ZooMetrics
import ZooStore

extension ClassificationTask {
  /// Fits a temperature, and the distance from which a picture is unlike all others; see
  /// ``Temperature`` and ``FeatureDistance``.
  func calibrated(_ model: Model, on exam: Exam, known: Split?, falseAlarms: Double) throws
    -> Calibrated
  {
    try model.check(isFor: name)
    var logits: [Float] = []
    var labels: [Int] = []
    try SplitOutputs(exam).forEachBatch(of: model) { output, truth in
      guard case .labels(let found) = truth.truths else {
        throw ZooError.usage(
          "the pictures of \(exam.data) have several labels each, or none; a temperature is fitted "
            + "to one label for each")
      }
      logits += output.values
      labels += found
    }
    let temperature = try Temperature.fitted(
      logits: logits, labels: labels, classes: exam.classes.count)
    func metrics(_ temperature: Double) throws -> ClassificationMetrics {
      var metrics = ClassificationMetrics(classes: exam.classes, keepsScores: false)
      try metrics.update(
        probabilities: softmax(logits, exam.classes.count, temperature: temperature),
        labels: labels)
      return metrics
    }
    let (before, after) = (try metrics(1), try metrics(temperature))
    let errors = (before.calibration.expectedError ?? 0, after.calibration.expectedError ?? 0)
    let changed = [
      ("logLoss", before.logLoss ?? 0, after.logLoss ?? 0),
      ("expectedCalibrationError", errors.0, errors.1),
    ]
    var checkpoint = model.checkpoint
    let data = exam.data
    checkpoint.confidence = .init(
      temperature: temperature, data: data, pictures: labels.count, errorBefore: errors.0,
      errorAfter: errors.1)
    // The record must not state what the model no longer does.
    checkpoint.metrics = checkpoint.metrics.map { metric in
      guard metric.dataset == data, let new = changed.first(where: { $0.0 == metric.name }) else {
        return metric
      }
      return Metric(name: metric.name, value: new.2, dataset: data, source: metric.source)
    }
    checkpoint.novelty = try model.novelty(of: exam, known: known, falseAlarms: falseAlarms)
    return Calibrated(
      Model(
        name: model.name, checkpoint: checkpoint, variant: model.variant, graph: model.graph,
        weights: model.weights),
      pictures: labels.count,
      metrics: changed.map { (name: $0.0, before: $0.1, after: $0.2) },
      reliability: (before.calibration, after.calibration))
  }
}
