import ZooDetection
import ZooEngine
import ZooKit
import ZooStore
import ZooTraining

extension Conformance {
  static let pictures = 8

  /// A network that cannot memorise eight pictures cannot learn. A bad initialisation may prevent
  /// it, so there are several attempts.
  func checkLearning(_ sample: Sample, _ notes: inout Notes) throws {
    if let detector = sample.variant.architecture as? any TrainableDetector {
      return try checkLearning(of: detector, sample, &notes)
    }
    for part in sample.parts { try memorise(part, sample, &notes) }
    // Regression gives every family of classifiers a head for numbers.
    if notes.findings.isEmpty, sample.variant.architecture.form == .vector {
      let graph = try sample.variant.graph(head: .linear(classes: 2), input: sample.input)
      try memorise(Sample.Part(graph: graph, batch: 2), sample, numbers: true, &notes)
    }
  }

  private func memorise(
    _ part: Sample.Part, _ sample: Sample, numbers: Bool = false, _ notes: inout Notes
  ) throws {
    var best = (share: Double.infinity, correct: 0.0)
    for (seed, rate) in [(1, 3e-3), (2, 1e-3), (3, 1e-2), (4, 3e-4)] {
      let result = try Conformance.onOneThread {
        try learn(part, numbers: numbers, seed: UInt64(seed), rate: rate)
      }
      if result.share < best.share { best = result }
      if best.share < Conformance.remainder(sample.variant), best.correct >= 0.9 { return }
    }
    notes.note(
      "it does not learn \(numbers ? "numbers of " : "")\(Conformance.pictures) pictures by heart: "
        + "after 200 steps \(Int(100 * best.share)) % of the loss are left"
        + (numbers ? "" : ", \(Int(100 * best.correct)) % is right"))
  }

  /// Synchronising threads many thousand times costs a miniature more than it gains, above all
  /// beside other programs.
  static func onOneThread<R>(_ body: () throws -> R) rethrows -> R {
    let usual = Threads.count
    Threads.count = 1
    defer { Threads.count = usual }
    return try body()
  }

  /// The share of the loss that may be left.
  private static func remainder(_ variant: Variant) -> Double {
    variant.architecture.form == .parts ? remainder : 0.2
  }

  private func learn(_ part: Sample.Part, numbers: Bool, seed: UInt64, rate: Double) throws
    -> (share: Double, correct: Double)
  {
    let graph = part.graph
    let batch = Conformance.pictures
    var options = TrainingPlan.Options()
    options.noise = false
    let plan = try TrainingPlan(
      graph, start(graph, seed: seed), batch: batch, options: options, engine: .auto)
    guard !plan.slots.isEmpty else { return (0, 1) }
    let inputs = try part.inputs(batch: batch)
    var descent = try Descent(.init(Adam(), clipping: 10), for: plan)
    var targets: [String: Target] = [:]
    for (index, port) in graph.outputs.enumerated() {
      let shape = graph.operations[port.operation].shape
      targets[port.name] =
        numbers
        ? .values(try Tensor(noise: Shape([batch] + shape.sizes), seed: 90))
        : try target(port, of: graph, inputs, UInt64(80 + index))
    }
    var (first, last, correct) = (Double.infinity, Double.infinity, 0.0)
    for step in 0...200 {
      try plan.forward(inputs, random: Random(seed: seed).key(step))
      var seeds: [String: Tensor] = [:]
      var (loss, right, counted) = (0.0, 0.0, 0.0)
      for port in graph.outputs {
        guard let target = targets[port.name] else { continue }
        let output = try plan.value(port.name)
        let part: LossValue
        switch target {
        case .classes(let classes):
          part = try CrossEntropy()(output, target)
          right += output.share(thatIs: classes)
          counted += 1
        default: part = try MeanSquaredError()(output, target)
        }
        loss += part.value
        seeds[port.name] = part.gradient
      }
      if step == 0 { first = loss }
      (last, correct) = (loss, counted > 0 ? right / counted : 1)
      guard loss.isFinite else { return (.infinity, 0) }
      if last < 0.15 * first, correct >= 0.95 { break }
      // No progress: another initialisation is worth more than more steps.
      if step == 60, last > 0.95 * first { break }
      try plan.backward(seeds)
      // The last steps are small, so that it converges.
      try descent.step(
        plan, rate: rate * min(1, Double(220 - step) / 100),
        gradientNorm: descent.gradientNorm(plan))
    }
    return (last / max(first, 1e-12), correct)
  }

  /// Random, with small initial outputs in the head, because outputs that start large, or below a
  /// rectifier, may never recover.
  private func start(_ graph: Graph, seed: UInt64) throws -> Weights {
    var weights = try Weights(randomFor: graph, seed: seed)
    for parameter in graph.parameters(ofHead: true)
    where parameter.shape.sizes.first == Sample.classes {
      guard let tensor = weights[parameter.name] else { continue }
      weights[parameter.name] = try Tensor(
        parameter.shape, tensor.values.map { parameter.role == .bias ? 0.5 : 0.1 * $0 })
    }
    return weights
  }

  /// The target: a class per item for a classifier; for a segmenter, whether the picture is bright
  /// at each position; otherwise numbers of the magnitude of the network's output.
  private func target(
    _ port: Graph.Port, of graph: Graph, _ inputs: [String: Tensor], _ seed: UInt64
  ) throws -> Target {
    let shape = graph.operations[port.operation].shape
    let batch = Conformance.pictures
    let isNamed = port.name == "logits" || graph.isAuxiliary(port.operation)
    if isNamed, shape.rank == 1, shape.count > 1 {
      return .classes((0..<batch).map { Int32($0 % shape.count) })
    }
    if isNamed, shape.rank == 3, shape.channels > 1,
      let picture = inputs[graph.inputs[0].name], picture.shape.rank == 4
    {
      // Convolutions without padding remove a border on all sides.
      let (height, width) = (picture.shape[2], picture.shape[3])
      let isCut = 2 * shape.height > height && 2 * shape.width > width
      let (top, left) = isCut ? ((height - shape.height) / 2, (width - shape.width) / 2) : (0, 0)
      let values = picture.values
      return .classes(
        (0..<batch * shape.height * shape.width).map { place in
          let item = place / (shape.height * shape.width)
          let (row, column) = (place / shape.width % shape.height, place % shape.width)
          let y = isCut ? top + row : row * height / shape.height
          let x = isCut ? left + column : column * width / shape.width
          return values[(item * picture.shape[1] * height + y) * width + x] > 0 ? 1 : 0
        })
    }
    // One number per channel of each picture.
    let random = Random(seed: seed)
    let plane = shape.rank == 3 ? shape.height * shape.width : 1
    return .values(
      try Tensor(Shape([batch] + shape.sizes)) { values in
        for index in values.indices {
          values[index] =
            shape.rank == 3
            ? 2 * random.uniform(index / plane) - 1 : 2 * random.uniform(index / shape.count) - 1
        }
      })
  }
}

/// The mean of (y − t)².
private struct MeanSquaredError: Loss {
  func callAsFunction(_ output: Tensor, _ target: Target) throws -> LossValue {
    guard case .values(let wanted) = target, wanted.shape == output.shape else {
      throw ZooError.failure("the targets of \(output.shape) have another shape")
    }
    let off = try output.moved(along: wanted, by: -1)
    let scale = Float(2 / Double(max(1, off.count)))
    return LossValue(
      value: off.norm * off.norm / Double(max(1, off.count)),
      gradient: try Tensor(off.shape, off.values.map { scale * $0 }))
  }

  var json: JSON { "mean squared error" }
}

extension Tensor {
  /// The share of items, or positions, whose largest number is at the target class.
  fileprivate func share(thatIs classes: [Int32]) -> Double {
    let channels = shape[1]
    let plane = shape.sizes.dropFirst(2).reduce(1, *)
    let right = withValues { values in
      classes.indices.count { position in
        let start = position / plane * channels * plane + position % plane
        let wanted = values[start + Int(classes[position]) * plane]
        return (0..<channels).allSatisfy { values[start + $0 * plane] <= wanted }
      }
    }
    return Double(right) / Double(max(1, classes.count))
  }
}
