import Testing
import ZooDetection
import ZooKit

/// Stretches of a network as graphs of their own.
@Suite struct GraphPartTests {
  let graph: Graph

  init() throws {
    graph = try Graph { input in
      let image = input("image", [3, 8, 8])
      let map = image.stage("body") { $0.conv("conv", to: 4, kernel: 3, padding: 1).relu("relu") }
      let regions = map.newInput("regions", [5], count: 10)
      let pooled = map.flatten("flat").concatenate(regions, name: "pooled")
      return [
        "map": map.conv("rpn", to: 2, kernel: 1),
        "scores": pooled.stage(Stage.head) { $0.dense("fc", to: 3) },
      ]
    }
  }

  @Test func cutsAtNamedEnds() throws {
    let first = try graph.part(.init(from: ["image"], to: ["map", "relu"]))
    #expect(first.operations.map(\.name) == ["image", "conv", "relu", "rpn"])
    #expect(first.parameters.map(\.name) == ["conv.weight", "conv.bias", "rpn.weight", "rpn.bias"])
    #expect(first.inputs.map(\.name) == ["image"] && first.outputs.map(\.name) == ["map", "relu"])
    #expect(first.stages == ["body"])

    let second = try graph.part(.init(from: ["pooled"], to: ["scores"], takesRegions: true))
    #expect(second.operations.map(\.name) == ["pooled", "fc"])
    #expect(second.operations[0].layer.isInput && second.operations[0].shape == [261])
    #expect(second.parameters.map(\.name) == ["fc.weight", "fc.bias"])

    let stage = try graph.part(.init(from: ["conv"], to: ["body"]))
    #expect(stage.operations.map(\.name) == ["conv", "relu"])
    #expect(stage.parameters.isEmpty)
  }

  @Test func inputsStayInTheirOrder() throws {
    let part = try graph.part(.init(from: ["regions", "flat"], to: ["scores"]))
    #expect(part.inputs.map(\.name) == ["regions", "flat"])
    #expect(part.operations[part.inputs[0].operation].shape == [5])
  }

  @Test func saysWhatIsMissing() {
    #expect(throws: ZooError.failure("scores need regions, which image do not give")) {
      try graph.part(.init(from: ["image"], to: ["scores"]))
    }
    #expect {
      try graph.part(.init(from: ["image"], to: ["poold"]))
    } throws: { error in
      (error as? ZooError)?.kind == .notFound && "\(error)".contains("pooled")
    }
  }

  /// Operations on regions count as often as a picture may have regions.
  @Test func countsRegions() {
    #expect(graph.operations.map(\.count) == [1, 1, 1, 10, 1, 10, 1, 10])
    #expect(graph.macs == 8 * 8 * 4 * 27 + 10 * 261 * 3 + 8 * 8 * 8)
  }
}
