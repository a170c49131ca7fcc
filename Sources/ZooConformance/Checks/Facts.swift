import ZooKit

extension Conformance {
  /// Holds a layer to what it says of itself; engines rely on it.
  func checkFacts(
    _ operation: Graph.Operation, of graph: Graph, _ inputs: [[Float]], _ parameters: [[Float]],
    training: [Float], _ notes: inout Notes
  ) throws {
    let layer = operation.layer
    let inference = try LayerTrial(operation, of: graph, batch: 2).forward(inputs, parameters)
      .output
    func expect(_ isSo: Bool, _ fact: String) {
      notes.expect(
        isSo, else: "\(operation.name) (\(layer.kind)) says that \(fact), which is not so")
    }
    if !layer.dependsOnMode {
      expect(inference == training, "it computes the same in training as in inference")
    }
    if layer.isIdentity { expect(inference == inputs[0], "inference gives its input as it is") }
    if layer.isElementwise {
      expect(
        operation.inputs.allSatisfy { graph.operations[$0].shape == operation.shape },
        "its inputs have the shape of its output")
    }
    if layer.isCommutative, inputs.count == 2 {
      let swapped = try LayerTrial(operation, of: graph, batch: 2)
        .forward(inputs.reversed(), parameters).output
      expect(swapped == inference, "its inputs may change places")
    }
  }
}
