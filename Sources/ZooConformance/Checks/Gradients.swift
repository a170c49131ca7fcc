import ZooDetection
import ZooEngine
import ZooKit

extension Conformance {
  /// First every layer alone, then the network on every engine.
  func checkGradients(_ sample: Sample, _ notes: inout Notes) throws {
    var seen: Set<String> = []
    for part in sample.parts {
      for operation in part.graph.operations where !operation.layer.isInput {
        let shapes = operation.inputs.map { part.graph.operations[$0].shape }
        guard seen.insert("\(operation.layer) \(shapes)").inserted else { continue }
        notes.attempt { notes in
          try checkLayer(operation, of: part.graph, &notes)
        }
      }
    }
    // If a layer is wrong, so is the network.
    guard notes.findings.isEmpty else { return }
    for part in sample.parts { try checkNetwork(part, sample, &notes) }
    if let detector = sample.variant.architecture as? any TrainableDetector {
      try checkDetectorGradients(of: detector, sample, &notes)
    }
  }

  // MARK: One layer

  /// The derivatives along random directions compared with differences, for every input and
  /// parameter. Comparisons in a layer may flip within a step, so the best of several steps counts;
  /// a wrong gradient is wrong for each of them.
  private func checkLayer(
    _ operation: Graph.Operation, of graph: Graph, _ notes: inout Notes
  ) throws {
    let trial = LayerTrial(operation, of: graph, batch: 2, mode: .training(Random(seed: 3)))
    let inputs = try trial.shapes.enumerated().map {
      try Tensor(distinct: Shape([2] + $1.sizes), seed: UInt64(10 + $0)).values
    }
    var start = Weights()
    for parameter in operation.parameters {
      start[parameter.name] = try Tensor(noise: parameter.shape, seed: fnv1a(parameter.name))
    }
    // Variances are positive.
    let parameters = operation.parameters.map { parameter in
      let values = start[parameter.name]?.values ?? []
      return parameter.role == .variance ? values.map { 1 + 0.5 * $0 } : values
    }
    let result = try trial.forward(inputs, parameters)
    if operation.layer.inPlace, trial.shapes[0].count == operation.shape.count {
      notes.expect(
        try trial.forward(inputs, parameters, overInput: true).output == result.output,
        else: "\(operation.name) (\(operation.layer.kind)) says that it may write over its input, "
          + "and gives other numbers then")
    }
    try checkFacts(
      operation, of: graph, inputs, parameters, training: result.output, &notes)
    let slope = try Tensor(noise: [result.output.count], seed: 5).values
    let gradients = try trial.backward(inputs, parameters, result, slope)
    // A norm over two numbers has almost no gradient; the rest is lost in rounding.
    let least = 1e-3 * slope.weighed(by: slope).squareRoot()
    for index in inputs.indices {
      let error = try Conformance.error(
        of: gradients.inputs[index], at: inputs[index], least: least
      ) {
        var inputs = inputs
        inputs[index] = $0
        return try trial.forward(inputs, parameters).output.weighed(by: slope)
      }
      notes.expect(
        error <= Conformance.slopeTolerance,
        else: "\(operation.name) (\(operation.layer.kind)): the gradient of its input"
          + (inputs.count > 1 ? " \(index)" : "") + " is \(error) off differences")
    }
    for (index, gradient) in gradients.parameters.enumerated() {
      guard let gradient else { continue }
      let error = try Conformance.error(of: gradient, at: parameters[index], least: least) {
        var parameters = parameters
        parameters[index] = $0
        return try trial.forward(inputs, parameters).output.weighed(by: slope)
      }
      notes.expect(
        error <= Conformance.slopeTolerance,
        else: "the gradient of \(operation.parameters[index].name) (\(operation.layer.kind)) is "
          + "\(error) off differences")
    }
  }

  /// A hundredth: flipped comparisons within a step stay below it; a wrong factor or a missing term
  /// does not.
  static let slopeTolerance = 0.01

  private static func error(
    of gradient: [Float], at point: [Float], least: Double, _ loss: ([Float]) throws -> Double
  ) throws -> Double {
    guard gradient.allSatisfy(\.isFinite) else { return .infinity }
    let norm = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    var best = Double.infinity
    for step in [0x1p-5, 0x1p-9, 0x1p-13, 0x1p-18] as [Float] where best > slopeTolerance / 4 {
      best = min(
        best,
        try medianError(least: max(0.25 * norm, least)) { direction in
          let way = try Tensor(noise: [point.count], seed: UInt64(20 + direction)).values
            .map { ($0 * 8).rounded() / 8 }
          func at(_ step: Float) throws -> Double {
            try loss(zip(point, way).map { $0 + step * $1 })
          }
          let measured = (try at(step) - at(-step)) / Double(2 * step)
          return (measured, gradient.weighed(by: way))
        })
    }
    return best
  }

  /// The median of five directions, relative to the size of all, so that one flipped comparison
  /// does not count.
  private static func medianError(
    least: Double, _ slopes: (_ direction: Int) throws -> (measured: Double, computed: Double)
  ) throws -> Double {
    let pairs = try (0..<5).map(slopes)
    let squares = pairs.reduce(0.0) { $0 + max($1.0 * $1.0, $1.1 * $1.1) }
    let errors = pairs.map { abs($0.measured - $0.computed) }.sorted()
    guard errors.allSatisfy(\.isFinite) else { return .infinity }
    return errors[2] / max((squares / 5).squareRoot(), least)
  }

  // MARK: The network

  private func checkNetwork(
    _ part: Sample.Part, _ sample: Sample, _ notes: inout Notes
  ) throws {
    let inputs = try part.inputs()
    var options = TrainingPlan.Options()
    options.noise = false
    options.gradients = part.graph.inputs.filter { port in
      part.graph.operations.contains { $0.inputs.contains(port.operation) }
    }.map(\.name)
    var reference: [String: Tensor] = [:]
    for engine in Conformance.engines {
      let plan = try TrainingPlan(
        part.graph, sample.weights, batch: part.batch, options: options, engine: engine)
      try plan.forward(inputs)
      var seeds: [String: Tensor] = [:]
      for (index, port) in part.graph.outputs.enumerated() {
        seeds[port.name] = try Tensor(
          noise: plan.value(port.name).shape, seed: UInt64(40 + index))
      }
      try plan.backward(seeds)
      var gradients: [String: Tensor] = [:]
      for name in plan.slots.map(\.parameter.name) + options.gradients {
        gradients[name] = try plan.gradient(of: name)
      }
      for (name, gradient) in gradients where !gradient.isFinite {
        notes.note("\(engine.name): the gradient of \(name) is not finite")
      }
      guard notes.findings.isEmpty else { return }
      if reference.isEmpty {
        reference = gradients
        try checkSlope(part, sample, inputs, seeds, &notes)
        continue
      }
      let whole = gradients.values.reduce(0.0) { $0 + $1.norm * $1.norm }.squareRoot()
      for (name, expected) in reference {
        let error = gradients[name].map { distance($0, expected, least: 0.01 * whole) } ?? .infinity
        notes.expect(
          error <= Conformance.slopeTolerance,
          else:
            "\(engine.name): the gradient of \(name) is \(error) off the one that the layers give")
      }
    }
  }

  /// All learned parameters changed along one direction at once. Norms use running statistics: a
  /// small batch's change too fast for differences, and were checked separately.
  private func checkSlope(
    _ part: Sample.Part, _ sample: Sample, _ inputs: [String: Tensor], _ seeds: [String: Tensor],
    _ notes: inout Notes
  ) throws {
    var options = TrainingPlan.Options()
    options.noise = false
    options.frozenNorms = part.graph.operations.filter {
      $0.parameters.contains { !$0.role.isTrainable }
    }.map(\.name)
    let plan = try TrainingPlan(part.graph, sample.weights, batch: part.batch, options: options)
    let learned = plan.slots.map(\.parameter)
    guard !learned.isEmpty else { return }
    try plan.forward(inputs)
    try plan.backward(seeds)
    var gradients: [String: Tensor] = [:]
    for parameter in learned { gradients[parameter.name] = try plan.gradient(of: parameter.name) }

    var best = Double.infinity
    for step in [0x1p-8, 0x1p-10, 0x1p-12] as [Float] where best > Conformance.slopeTolerance {
      let error = try Conformance.medianError(least: 1e-6) { direction in
        var ways: [String: Tensor] = [:]
        for parameter in learned {
          // Along each gradient, in proportion to it, plus noise in all directions.
          let noise = try Tensor(
            noise: parameter.shape, seed: fnv1a(parameter.name) &+ UInt64(direction))
          let gradient = gradients[parameter.name] ?? noise
          let room = 0.5 * Double(parameter.shape.count).squareRoot()
          ways[parameter.name] = try noise.moved(
            along: gradient, by: Float(room / max(gradient.norm, 1e-12)))
        }
        func loss(_ step: Float) throws -> Double {
          var weights = sample.weights
          for (name, way) in ways { weights[name] = try weights[name]?.moved(along: way, by: step) }
          try plan.load(weights)
          try plan.forward(inputs)
          return try seeds.reduce(0.0) { try $0 + plan.value($1.key).dot($1.value) }
        }
        let size = 0.1 * step
        let measured = (try loss(size) - loss(-size)) / Double(2 * size)
        return (
          measured, ways.reduce(0.0) { $0 + (gradients[$1.key]?.dot($1.value) ?? 0) }
        )
      }
      best = min(best, error)
    }
    notes.expect(
      best <= 0.05, else: "the gradient of the whole network is \(best) off differences")
  }
}

extension [Float] {
  /// Σ x·y, in float64.
  fileprivate func weighed(by other: [Float]) -> Double {
    zip(self, other).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
  }
}
