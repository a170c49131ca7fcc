import ZooDetection
import ZooEngine
import ZooKit
import ZooTraining

extension Conformance {
  /// The gradients that a detector sends back are the derivatives of its losses; and a batch with
  /// half the share has the same losses and half the gradients.
  ///
  /// Network outputs are changed one by one, and only the detector's own part of backward runs. A
  /// detector may treat a target as constant although it depends on predictions (the overlap of a
  /// box, the choice of regions). So a gradient must be the derivative of some subset of the
  /// losses, and each loss must occur in some subset.
  func checkDetectorGradients(
    of detector: any TrainableDetector, _ sample: Sample, _ notes: inout Notes
  ) throws {
    let things = try Things(on: sample.input)
    var weights = sample.weights
    for (name, tensor) in try detector.headStart(sample.graph, random: Random(seed: 6)) {
      weights[name] = tensor
    }
    var options = TrainingPlan.Options()
    options.noise = false
    let witness = Witness(
      try TrainingParts(
        sample.graph, weights, batch: Conformance.pictures, options: options,
        engine: LayerEngine(), memory: nil
      ) { try sample.graph(input: $0) })
    func losses(share: Double = 1) throws -> [Double] {
      try detector.learn(
        from: things.batch(share: share, random: Random(seed: 8)), running: witness)
    }

    let usual = try losses()
    guard usual.count == detector.losses.count else {
      return notes.note("it gives \(usual.count) losses and has names for \(detector.losses.count)")
    }
    for (name, loss) in zip(detector.losses, usual) where !loss.isFinite {
      return notes.note("its loss \(name) is \(loss)")
    }
    let (given, seeds) = (witness.given, witness.seeds)
    notes.expect(
      try Conformance.areNear(losses(), usual) && Conformance.areNear(witness.seeds, seeds),
      else: "with the same random numbers a batch gives other losses or gradients")
    notes.expect(
      try Conformance.areNear(losses(share: 0.5), usual),
      else: "a batch with half the share gives other losses: only gradients have a share")
    notes.expect(
      try Conformance.areNear(witness.seeds, seeds, times: 0.5),
      else: "a batch with half the share does not give half the gradients")
    guard notes.findings.isEmpty else { return }

    witness.isMeasuring = true
    /// For each loss, the errors of the gradients it contributes to.
    var errors: [[Double]] = usual.map { _ in [] }
    func measure(_ name: String, _ index: Int) throws {
      guard let value = given[name], let seed = seeds[name], value.shape == seed.shape else {
        return
      }
      let found = try slope(name, index, value.values[index], seed.values[index]) { change in
        witness.change = change
        return try losses()
      }
      for loss in found.losses.isEmpty ? Array(errors.indices) : found.losses {
        errors[loss].append(found.error)
      }
    }
    let names = seeds.keys.sorted()
    let places = names.map { seeds[$0]?.places ?? [] }
    for (name, places) in zip(names, places) {
      for index in places.spread(Conformance.slopes) { try measure(name, index) }
    }
    // Some losses may depend on few of the numbers.
    for count in 0..<Conformance.search
    where zip(errors, usual).contains(where: { $0.count < 3 && $1 != 0 }) {
      for (name, places) in zip(names, places) where places.indices.contains(count) {
        try measure(name, places[count])
      }
    }
    for (index, name) in detector.losses.enumerated() where usual[index] != 0 {
      let found = errors[index].sorted()
      notes.expect(
        !found.isEmpty, else: "no gradient that it sends back is the slope of its loss \(name)")
      guard !found.isEmpty else { continue }
      let middle = found[found.count / 2]
      notes.expect(
        middle <= Conformance.slopeTolerance,
        else: "the gradient of its loss \(name) is \(middle) off differences")
    }
  }

  /// The number of elements to test in every value that gets a gradient.
  private static let slopes = 12
  /// How many more elements to try for a loss that depends on few of them.
  private static let search = 100

  /// The distance of a gradient from the derivative of the best-fitting subset of losses, and that
  /// subset.
  private func slope(
    _ name: String, _ index: Int, _ value: Float, _ seed: Float,
    _ losses: (Witness.Change) throws -> [Double]
  ) throws -> (error: Double, losses: [Int]) {
    var best: (error: Double, losses: [Int]) = (.infinity, [])
    for step in [0x1p-6, 0x1p-9, 0x1p-12] as [Float]
    where best.error > Conformance.slopeTolerance / 4 {
      let (up, down) = (value + step, value - step)
      let (above, below) = (
        try losses(.init(name: name, index: index, value: up)),
        try losses(.init(name: name, index: index, value: down))
      )
      let slopes = zip(above, below).map { ($0 - $1) / Double(up - down) }
      for choice in 1..<(1 << min(slopes.count, 8)) {
        let chosen = slopes.indices.filter { choice >> $0 & 1 == 1 }
        let sum = chosen.reduce(0) { $0 + slopes[$1] }
        let error = abs(sum - Double(seed)) / abs(Double(seed))
        if error < best.error {
          best = (error, chosen.filter { abs(slopes[$0]) >= 0.05 * abs(Double(seed)) })
        }
      }
    }
    return best
  }

  private static func areNear(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-5 * max(abs($1), 1e-6) }
  }

  private static func areNear(
    _ a: [String: Tensor], _ b: [String: Tensor], times factor: Float = 1
  ) throws -> Bool {
    guard a.keys == b.keys else { return false }
    return try a.allSatisfy { name, tensor in
      guard let other = b[name] else { return false }
      let expected = try Tensor(other.shape, other.values.map { factor * $0 })
      return distance(tensor, expected, least: 1e-9) <= 1e-5
    }
  }
}

/// Sits between a detector and its network: records the gradients, and can replace a network
/// output.
private final class Witness: TrainingPartRunner {
  struct Change {
    let name: String
    let index: Int
    let value: Float
  }

  private let parts: TrainingParts
  /// The network's latest outputs, and their gradients.
  private(set) var given: [String: Tensor] = [:]
  private(set) var seeds: [String: Tensor] = [:]
  /// Whether to record outputs without training, so that backward ends here.
  var isMeasuring = false
  var change: Change?
  private var memory: [Graph.Part: (inputs: [String: Tensor], values: [String: Tensor])] = [:]

  init(_ parts: TrainingParts) { self.parts = parts }

  func forward(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
    var values: [String: Tensor]
    if isMeasuring, let known = memory[part],
      inputs.allSatisfy({ known.inputs[$0.key]?.hasSameBytes(as: $0.value) ?? false })
    {
      values = known.values
    } else {
      parts.random = Random(seed: 7)
      values = try parts.forward(part, inputs)
      memory[part] = (inputs, values)
    }
    given.merge(values) { _, new in new }
    if let change, let tensor = values[change.name] {
      var numbers = tensor.values
      numbers[change.index] = change.value
      values[change.name] = try Tensor(tensor.shape, numbers)
    }
    return values
  }

  func backward(_ part: Graph.Part, _ seeds: [String: Tensor]) throws -> [String: Tensor] {
    guard isMeasuring else {
      self.seeds.merge(seeds) { _, new in new }
      return try parts.backward(part, seeds)
    }
    let ports = Set(parts.whole.graph.inputs.map(\.name))
    return try (memory[part]?.inputs ?? [:]).filter { !ports.contains($0.key) }
      .mapValues { try Tensor(zeros: $0.shape) }
  }
}

extension Tensor {
  /// The indices of nonzero elements, the largest first.
  fileprivate var places: [Int] {
    let values = values
    return values.indices.filter { values[$0] != 0 }.sorted { abs(values[$0]) > abs(values[$1]) }
  }
}

extension [Int] {
  /// Half from the start, and half spread over all.
  fileprivate func spread(_ count: Int) -> [Int] {
    let (first, rest) = (prefix(count / 2), dropFirst(count / 2))
    let step = Swift.max(1, rest.count / Swift.max(1, count / 2))
    return first
      + stride(from: rest.startIndex, to: endIndex, by: step).prefix(count / 2).map {
        self[$0]
      }
  }
}
