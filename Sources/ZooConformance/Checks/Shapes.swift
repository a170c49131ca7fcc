import ZooKit

extension Conformance {
  /// The network builds for its design size, and builds for other sizes or refuses them; its
  /// outputs have the declared form.
  func checkShapes(_ variant: Variant, _ notes: inout Notes) throws {
    let architecture = variant.architecture
    let (input, classes) = (architecture.input, architecture.classes)
    guard input.rank == 3, input.count > 0, classes > 0 else {
      return notes.note("it takes \(input) and knows \(classes) classes")
    }
    let usual = try variant.graph()
    checkOutputs(of: usual, variant, input, classes, &notes)
    let step = 32
    for other in [
      Shape([input.channels, input.height + step, input.width]),
      Shape([input.channels, input.height, input.width + step]),
      Shape([input.channels, 2 * input.height, 2 * input.width]),
      Shape([input.channels, input.height + 5, input.width + 3]),
    ] {
      // A network may require its own size, but must not give other outputs.
      guard let graph = try? variant.graph(input: other) else { continue }
      checkOutputs(of: graph, variant, other, classes, &notes)
    }
    for wrong in [Shape([input.channels, 1, 1]), [input.channels + 1, 7, 5]] {
      // Invalid input must be an error, never a crash.
      _ = try? variant.graph(input: wrong)
    }
  }

  private func checkOutputs(
    of graph: Graph, _ variant: Variant, _ input: Shape, _ classes: Int, _ notes: inout Notes
  ) {
    let outputs = graph.outputs.map { (name: $0.name, shape: graph.operations[$0.operation].shape) }
    let names = outputs.map(\.name)
    notes.expect(!names.isEmpty, else: "it has no outputs")
    notes.expect(
      Set(names).count == names.count, else: "two outputs have one name: \(Notes.list(names))")
    for (name, shape) in outputs where shape.count == 0 {
      notes.note("the output \(name) is empty for \(input)")
    }
    let logits = outputs.first { $0.name == "logits" }?.shape
    switch variant.architecture.form {
    case .vector:
      notes.expect(
        logits == [classes],
        else: "for \(input) its logits are \(logits.map { "\($0)" } ?? "missing"); "
          + "expected \(classes)")
    case .map:
      // One map per class, or a single one for two; of the picture's size or smaller.
      notes.expect(
        logits.map { $0.rank == 3 && ($0.channels == classes || classes <= 2) } ?? false,
        else: "for \(input) its logits are \(logits.map { "\($0)" } ?? "missing"); "
          + "expected \(classes) maps")
    case .parts: break
    }
  }
}
