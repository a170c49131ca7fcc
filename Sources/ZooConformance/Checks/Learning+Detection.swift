import ZooDetection
import ZooEngine
import ZooKit
import ZooTraining

extension Conformance {
  /// A detector trains with its own losses on pictures with one bright object each, and then finds
  /// the objects.
  func checkLearning(
    of detector: any TrainableDetector, _ sample: Sample, _ notes: inout Notes
  ) throws {
    let things = try Things(on: sample.input)
    var (best, reason) = (Progress(share: .infinity, found: 0), "its losses overflow")
    for (seed, rate) in [(1, 3e-3), (2, 1e-3), (3, 3e-4)] where !best.isEnough {
      do {
        let progress = try Conformance.onOneThread {
          try learn(detector, sample, things, seed: UInt64(seed), rate: rate)
        }
        if (progress.found, -progress.share) > (best.found, -best.share) { best = progress }
      } catch {
        reason = (error as? ZooError)?.message ?? "\(error)"
      }
    }
    notes.expect(
      best.isEnough,
      else: "it does not learn \(Conformance.pictures) pictures by heart: "
        + (best.share.isFinite
          ? "\(Int(100 * best.share)) % of its losses are left, and it finds "
            + "\(best.found) of \(Conformance.pictures) things" : reason))
  }

  private struct Progress {
    /// The share of the initial losses that is left; samplers draw anew in each step, so they do
    /// not reach zero.
    var share: Double
    /// The number of pictures in which its most confident detection is the object.
    var found: Int

    var isEnough: Bool { share < Conformance.remainder && found >= Conformance.pictures - 1 }
  }

  static let remainder = 0.6

  private func learn(
    _ detector: any TrainableDetector, _ sample: Sample, _ things: Things, seed: UInt64,
    rate: Double
  ) throws -> Progress {
    let random = Random(seed: seed)
    var weights = try Weights(randomFor: sample.graph, seed: seed)
    for (name, tensor) in try detector.headStart(sample.graph, random: random.key("head")) {
      weights[name] = tensor
    }
    var options = TrainingPlan.Options()
    options.noise = false
    let parts = try TrainingParts(
      sample.graph, weights, batch: Conformance.pictures, options: options,
      engine: EngineChoice.auto.engine(), memory: nil
    ) { try sample.graph(input: $0) }
    var descent = try Descent(.init(Adam(), clipping: 10), for: parts.whole, of: sample.graph)
    var (first, last, progress) = (0.0, 0.0, Progress(share: .infinity, found: 0))
    for step in 0..<200 {
      let key = random.key(step)
      parts.whole.forgetGradients()
      parts.random = key
      last = try detector.learn(from: things.batch(random: key), running: parts).reduce(0, +)
      guard last.isFinite else { throw ZooError.failure("its losses are \(last)") }
      if step == 0 { first = last }
      try descent.step(
        parts.whole, rate: rate * min(1, Double(220 - step) / 100),
        gradientNorm: descent.gradientNorm(parts.whole))
      guard step % 40 == 39, last < Conformance.remainder * first else { continue }
      progress = Progress(
        share: last / max(first, 1e-12),
        found: try things.found(
          by: detector, running: Looking(sample: sample, weights: try parts.whole.weights)))
      if progress.isEnough { break }
    }
    return progress.share.isFinite
      ? progress : Progress(share: last / max(first, 1e-12), found: 0)
  }
}

/// The parts of a sample, compiled on demand.
private struct Looking: PartRunner {
  let sample: Sample
  let weights: Weights

  func run(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
    try InferencePlan(
      sample.graph.part(part), weights, batch: inputs.first?.value.shape[0] ?? 0
    ).run(inputs)
  }
}

/// Eight pictures with one bright object each.
struct Things {
  let pictures: PictureBatch
  let boxes: [TrueBox]

  init(on shape: Shape) throws {
    var boxes: [TrueBox] = []
    var values = try Tensor(noise: [Conformance.pictures, shape.count], seed: 4).values
    for item in 0..<Conformance.pictures {
      let (height, width) = (shape.height * (3 + item % 3) / 8, shape.width * (3 + item / 3) / 8)
      let top = (shape.height - height) * (item % 4) / 3
      let left = (shape.width - width) * (item / 2 % 4) / 3
      let label = item % Sample.classes
      for channel in 0..<shape.channels {
        for row in top..<top + height {
          for column in left..<left + width {
            let place = (item * shape.channels + channel) * shape.height + row
            values[place * shape.width + column] += (label >> channel) & 1 == 1 ? 2 : -2
          }
        }
      }
      let box = Box(Float(left), Float(top), Float(left + width), Float(top + height))
      boxes.append(TrueBox(box, classIndex: label))
    }
    self.boxes = boxes
    pictures = PictureBatch(
      try Tensor(Shape([Conformance.pictures] + shape.sizes), values),
      sizes: boxes.map { _ in .init(shape.height, shape.width) })
  }

  func batch(share: Double = 1, random: Random) throws -> DetectionBatch {
    try DetectionBatch(pictures, boxes.map { [$0] }, share: share, random: random)
  }

  /// The number of pictures in which the most confident detection has the object's class and place.
  func found(by detector: some Detector, running network: some PartRunner) throws -> Int {
    let detections = try detector.detect(in: pictures, .init(), running: network)
    guard detections.count == boxes.count else {
      throw ZooError.failure("\(detections.count) lists of things for \(boxes.count) pictures")
    }
    return zip(detections, boxes).count { found, truth in
      guard let best = found.max(by: { $0.score < $1.score }) else { return false }
      return best.classIndex == truth.classIndex && best.box.iou(truth.box) >= 0.5
    }
  }
}
