import ZooData
import ZooKit
import ZooMetrics
import ZooStore

extension ClassificationTask {
  /// Fits a temperature, if it makes pictures more probable that it was not fitted to, and the distance from which a picture is unlike all others; see
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
    let classes = exam.classes.count
    /// Of the pictures with a temperature for each, repeated in order.
    func metrics(_ temperatures: [Double]) throws -> ClassificationMetrics {
      var metrics = ClassificationMetrics(classes: exam.classes, keepsScores: false)
      for (index, label) in labels.enumerated() {
        let row = Array(logits[index * classes..<(index + 1) * classes])
        let temperature = temperatures[index % temperatures.count]
        try metrics.update(
          probabilities: softmax(row, classes, temperature: temperature), labels: [label])
      }
      return metrics
    }
    let temperature = try Temperature.fitted(logits: logits, labels: labels, classes: classes)
    let before = try metrics([1])
    var after =
      labels.count < 2
      ? before
      : try metrics(Temperature.heldOut(logits: logits, labels: labels, classes: classes))
    let gain = ((before.logLoss ?? 0) - (after.logLoss ?? 0)) * Double(labels.count)
    let helps = gain > Temperature.leastGain
    if !helps { after = before }
    let errors = (before.calibration.expectedError ?? 0, after.calibration.expectedError ?? 0)
    var checkpoint = model.checkpoint
    let data = exam.data
    checkpoint.confidence =
      helps
      ? .init(
        temperature: temperature, data: data, pictures: labels.count, errorBefore: errors.0,
        errorAfter: errors.1) : nil
    // The record must not state what the model no longer does.
    let shown = try metrics([helps ? temperature : 1])
    let changed = [
      "logLoss": shown.logLoss, "expectedCalibrationError": shown.calibration.expectedError,
    ]
    checkpoint.metrics = checkpoint.metrics.map { metric in
      guard metric.dataset == data, let new = changed[metric.name] ?? nil else { return metric }
      return Metric(name: metric.name, value: new, dataset: data, source: metric.source)
    }
    checkpoint.novelty = try model.novelty(of: exam, known: known, falseAlarms: falseAlarms)
    return Calibrated(
      Model(
        name: model.name, checkpoint: checkpoint, variant: model.variant, graph: model.graph,
        weights: model.weights),
      pictures: labels.count,
      metrics: [
        ("logLoss", before.logLoss ?? 0, after.logLoss ?? 0),
        ("expectedCalibrationError", errors.0, errors.1),
      ],
      reliability: (before.calibration, after.calibration))
  }
}
