import ZooDetection
import ZooEngine
import ZooKit
import ZooStore

/// How a detector learns, as far as ``Trainer`` is told: the detector, and its network for pictures
/// of any size.
struct DetectorTraining {
  let detector: any TrainableDetector
  /// Bytes for features of the frozen beginning.
  let memory: Int
  let network: (Shape) throws -> Graph

  var json: JSON {
    [
      "detector": JSON(type(of: detector).name),
      "losses": JSON(detector.losses.map { JSON($0) }),
    ]
  }

  func running(
    _ trainer: Trainer, _ weights: Weights, batch: Int, _ options: TrainingPlan.Options
  ) throws -> Running {
    Running(
      detector: detector, input: trainer.graph.inputs[0].name,
      parts: try TrainingParts(
        trainer.graph, weights, batch: batch, options: options, engine: trainer.engine,
        memory: memory > 0 ? FeatureMemory(limit: memory) : nil, network: network))
  }

  /// With parameters, for what is frozen at the moment.
  struct Running {
    let detector: any TrainableDetector
    let input: String
    let parts: TrainingParts

    /// Gradients of one or more batches, each picture with the same say.
    func step(_ batches: [(batch: Batch, count: Int)], random: Random) throws
      -> (loss: Double, parts: [Double], items: Int)
    {
      let items = batches.reduce(0) { $0 + $1.count }
      var sums = detector.losses.map { _ in 0.0 }
      parts.whole.forgetGradients()
      for (index, (batch, count)) in batches.enumerated() {
        guard let tensor = batch.inputs[input] else {
          throw ZooError.failure("the batch has no input \(input)")
        }
        let key = random.key(index)
        let share = Double(count) / Double(items)
        let sizes =
          batch.sizes.isEmpty
          ? Array(
            repeating: Window.Size(tensor.shape[2], tensor.shape[3]), count: tensor.shape[0])
          : batch.sizes
        parts.random = key
        let lesson = try DetectionLesson(
          PictureBatch(tensor, sizes: sizes), batch.boxes, share: share,
          random: key.key("samples"))
        let losses = try detector.learn(from: lesson, running: parts)
        for (place, value) in losses.enumerated() {
          guard value.isFinite else { throw notFinite(detector.losses[place], value, tensor) }
          sums[place] += share * value
        }
      }
      return (sums.reduce(0, +), sums, items)
    }

    /// Nothing has moved yet; the nearest cause is named.
    private func notFinite(_ loss: String, _ value: Double, _ pictures: Tensor) -> ZooError {
      func isBroken(_ values: UnsafeBufferPointer<Float>) -> Bool {
        !values.allSatisfy(\.isFinite)
      }
      if pictures.withValues(isBroken) {
        return .failure("the data has a number that is not finite in the input \(input)")
      }
      let broken = parts.whole.update { values, _ in
        parts.whole.slots.first { isBroken(.init(rebasing: values[$0.range])) }?.parameter.name
      }
      return .failure(
        broken.map { "the parameter \($0) is not finite: the learning rate may be too high" }
          ?? "the loss \(loss) is \(value)")
    }
  }
}
