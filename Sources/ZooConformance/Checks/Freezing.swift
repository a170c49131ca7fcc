import ZooEngine
import ZooKit

extension Conformance {
  /// One step with each stage frozen in turn, including its norms.
  func checkFreezing(_ sample: Sample, _ notes: inout Notes) throws {
    for part in sample.parts {
      let stages = part.graph.stages.filter { stage in
        part.graph.operations(in: stage).contains { !part.graph.operations[$0].parameters.isEmpty }
      }
      let inputs = try part.inputs()
      for engine in Conformance.engines {
        for stage in stages + (stages.contains(Stage.head) ? [Stage.backbone] : []) {
          notes.attempt { notes in
            try freeze(stage, part, sample, inputs, engine, &notes)
          }
        }
      }
    }
  }

  private func freeze(
    _ stage: String, _ part: Sample.Part, _ sample: Sample, _ inputs: [String: Tensor],
    _ engine: any Engine, _ notes: inout Notes
  ) throws {
    let graph = part.graph
    let still = Set(
      graph.operations(in: stage).flatMap { graph.operations[$0].parameters.map(\.name) })
    guard graph.parameters.contains(where: { !still.contains($0.name) && $0.role.isTrainable })
    else { return }
    var options = TrainingPlan.Options()
    options.trainable = { !still.contains($0.name) }
    options.frozenNorms = [stage]
    // Copies, because a layer that writes to its inputs would change the values it is compared
    // with.
    var before: [String: Tensor] = [:]
    for (name, tensor) in sample.weights { before[name] = try Tensor(tensor.shape, tensor.values) }
    let plan = try TrainingPlan(
      graph, sample.weights, batch: part.batch, options: options, engine: engine)
    try plan.forward(inputs, random: Random(seed: 9))
    var seeds: [String: Tensor] = [:]
    for (index, port) in graph.outputs.enumerated() {
      seeds[port.name] = try Tensor(noise: plan.value(port.name).shape, seed: UInt64(60 + index))
    }
    try plan.backward(seeds)
    plan.update { values, gradients in
      for index in values.indices { values[index] -= 0.01 * gradients[index] }
    }
    let after = try plan.weights
    let moved = graph.parameters.map(\.name).filter { name in
      guard let now = after[name], let before = before[name] else { return true }
      return !now.hasSameBytes(as: before)
    }
    let broken = moved.filter(still.contains)
    notes.expect(
      broken.isEmpty, else: "\(engine.name): \(Notes.list(broken)) moved while \(stage) was frozen")
    notes.expect(
      moved.count > broken.count, else: "\(engine.name): nothing learned while \(stage) was frozen")
  }
}
