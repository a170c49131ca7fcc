import ZooEngine
import ZooKit

extension Conformance {
  /// All engines on this machine, with the smallest tolerance that fits them all: float32 sums in
  /// another order, and Winograd's transforms.
  static var engines: [any Engine] {
    let layers: [any Engine] = [LayerEngine()]
    return layers + [try? OneDNNEngine()].compactMap { $0 }
  }

  static let agreement = 1e-4

  /// Outputs are finite, the same on every engine, fused or not, and for each item alone.
  func checkForward(_ sample: Sample, _ notes: inout Notes) throws {
    for part in sample.parts {
      let inputs = try part.inputs()
      let expected = try Walkthrough(part.graph, sample.weights, inputs, batch: part.batch)
      let auxiliary = part.graph.outputs.filter { part.graph.isAuxiliary($0.operation) }
      let ends =
        part.graph.outputs.map { ($0.name, $0.operation) }
        + part.graph.stages.compactMap { stage in
          part.graph.output(of: stage).flatMap {
            part.graph.index(of: stage) == nil ? (stage, $0) : nil
          }
        }
      for (name, operation) in ends where !(try expected.tensor(operation).isFinite) {
        notes.note("\(name) is not finite")
      }
      for engine in Conformance.engines {
        let plan = try InferencePlan(
          part.graph, sample.weights, batch: part.batch,
          keeping: ends.map(\.0).filter { name in
            !part.graph.outputs.contains { $0.name == name }
              || auxiliary.contains { $0.name == name }
          }, engine: engine)
        let found = try plan.run(inputs)
        for (name, operation) in ends {
          guard let value = found[name] else { continue }
          let error = distance(value, try expected.tensor(operation))
          notes.expect(
            error <= Conformance.agreement,
            else: "\(engine.name): \(name) is \(error) off what its layers give one by one")
        }
      }
      try checkItems(part, sample, inputs, &notes)
    }
  }

  /// The first picture gives the same result alone and in a batch.
  private func checkItems(
    _ part: Sample.Part, _ sample: Sample, _ inputs: [String: Tensor], _ notes: inout Notes
  ) throws {
    let alone = try inputs.mapValues { tensor in
      let sizes = tensor.shape.sizes.dropFirst()
      return try Tensor(Shape([1] + sizes), tensor.values.prefix(sizes.reduce(1, *)))
    }
    let together = try InferencePlan(part.graph, sample.weights, batch: part.batch).run(inputs)
    let single = try InferencePlan(part.graph, sample.weights, batch: 1).run(alone)
    for (name, value) in single {
      guard let all = together[name] else { continue }
      let first = try Tensor(value.shape, all.values.prefix(value.count))
      notes.expect(
        distance(value, first) <= Conformance.agreement,
        else: "\(name) of a picture depends on the others in its batch")
    }
  }
}
