import TestSupport
import Testing
import ZooEngine
import ZooKit

struct ProgramTests {
  /// As written, folded, fused and both, on 300 random networks, each against its layers one by
  /// one with an array for every value; three operations are kept in each.
  @Test(arguments: 0..<6)
  func compiledNetworksComputeTheSame(round: Int) throws {
    var epilogues = 0
    for seed in round * 50..<(round + 1) * 50 {
      let random = try RandomGraph(seed)
      let input = try random.input(batch: 2)
      let plain = PlainRun(random.graph, random.weights, batch: 2)
      try plain.forward(input)
      let program = try Program(random.graph, random.weights, keeping: random.kept)
      let compiled = try program.folded().fused()
      epilogues += compiled.steps.reduce(0) { $0 + $1.epilogue.count }
      for (index, program) in [program, program.fused(), try program.folded(), compiled]
        .enumerated()
      {
        let outputs = try LayerEngine().compile(program, batch: 2).outputs(program, [input])
        #expect(Set(outputs.keys) == Set(["logits", "maps"] + random.kept))
        for port in program.outputs {
          let found = try #require(outputs[port.name])
          let expected = plain.values[port.value]
          if index < 2 {
            #expect(found == expected, "\(random) \(port.name)")
          } else {
            let error = error(found, expected)
            #expect(error <= 1e-5, "\(random) \(port.name): \(error)")
          }
        }
      }
    }
    #expect(epilogues > 50)
  }

  @Test func foldsAndFusesWhatItCan() throws {
    let graph = try residual()
    let weights = try Formula.weights(for: graph)
    let program = try Program(graph, weights).folded().fused()
    // Two convolutions carry their norms, rectifiers and the sum.
    #expect(
      program.steps.map(\.layer.kind) == ["conv", "conv", "adaptiveavgpool", "flatten", "dense"])
    #expect(program.steps[0].epilogue.map(\.layer.kind) == ["relu"])
    #expect(program.steps[1].epilogue.map(\.layer.kind) == ["add", "relu"])
    #expect(program.steps.map(\.name).prefix(2) == ["relu", "relu_1"])
  }

  /// Convolutions in groups, transposed ones without, dense layers.
  @Test func foldsIntoEveryLinearLayer() throws {
    let graph = try Graph { input in
      let x = input("image", [4, 5, 5])
        .conv("a", to: 6, kernel: 3, groups: 2, bias: false).batchNorm("na").silu()
        .transposedConv("b", to: 4, kernel: 2, stride: 2).batchNorm("nb").silu()
        .transposedConv("c", to: 4, kernel: 2, groups: 2).batchNorm("nc").silu()
      return ["y": x.flatten().dense("d", to: 5).batchNorm("nd")]
    }
    let weights = try Formula.weights(for: graph)
    let input = try Formula.tensor("image", [2, 4, 5, 5])
    let plain = PlainRun(graph, weights, batch: 2)
    try plain.forward(input)
    let program = try Program(graph, weights)
    for folded in [
      try program.folded(), try program.folded().fused(), try program.fused().folded(),
    ] {
      let outputs = try LayerEngine().compile(folded, batch: 2).outputs(folded, [input])
      #expect(error(try #require(outputs["y"]), plain.values[plain.values.count - 1]) <= 1e-5)
    }
    let left = try program.folded().steps.filter { $0.layer is BatchNorm }
    #expect(left.map(\.name) == ["nc"])
  }

  @Test func keepsWhatIsAskedFor() throws {
    let graph = try residual()
    let weights = try Formula.weights(for: graph)
    let kept = ["conv1", "norm2", "relu", "block"]
    let program = try Program(graph, weights, keeping: kept).folded().fused()
    #expect(program.outputs.map(\.name) == ["logits"] + kept)
    // The first norm cannot vanish into a convolution whose own value is wanted.
    #expect(
      program.steps.contains {
        $0.layer is BatchNorm || $0.epilogue.contains { $0.layer is BatchNorm }
      })
  }

  @Test func runsOnlyWhatIsNeeded() throws {
    let graph = try Graph { input in
      let x = input("image", [1, 4, 4])
      _ = x.conv("unused", to: 100, kernel: 3)
      return ["maps": x.relu()]
    }
    #expect(try Program(graph, Weights()).steps.map(\.name) == ["relu"])
  }

  @Test func repeatsToTheBit() throws {
    let random = try RandomGraph(5)
    let program = try Program(random.graph, random.weights).folded().fused()
    let input = try random.input(batch: 3)
    let other = try Formula.tensor("other", input.shape)
    let first = try LayerEngine().compile(program, batch: 3)
    let second = try LayerEngine().compile(program, batch: 3)
    let expected = try first.outputs(program, [input])
    #expect(try second.outputs(program, [other]) != expected)
    #expect(try first.outputs(program, [input]) == expected)
    #expect(try second.outputs(program, [input]) == expected)
  }

  @Test func givesAnItemTheSameInAnyBatch() throws {
    let random = try RandomGraph(11)
    let program = try Program(random.graph, random.weights).folded().fused()
    let batch = try random.input(batch: 3)
    let outputs = try LayerEngine().compile(program, batch: 3).outputs(program, [batch])
    #expect(outputs.count == program.outputs.count && !outputs.isEmpty)
    let single = try LayerEngine().compile(program, batch: 1)
    let size = batch.count / 3
    for item in 0..<3 {
      let input = try Tensor(
        Shape([1] + batch.shape.sizes.dropFirst()),
        batch.values[item * size..<(item + 1) * size])
      for (name, values) in try single.outputs(program, [input]) {
        let part = outputs[name]![item * values.count..<(item + 1) * values.count]
        #expect(error(values, Array(part)) <= 1e-6)
      }
    }
  }

  @Test func takesSeveralInputs() throws {
    let graph = try Graph { input in
      let (a, b) = (input("a", [2, 2, 2]), input("b", [2, 2, 2]))
      return ["sum": a.add(b).relu()]
    }
    let program = try Program(graph, Weights()).folded().fused()
    let executable = try LayerEngine().compile(program, batch: 1)
    let inputs = try [
      Tensor([1, 2, 2, 2], (0..<8).map { Float($0) }),
      Tensor([1, 2, 2, 2], (0..<8).map { 3 - Float($0 * 2) }),
    ]
    #expect(
      try executable.outputs(program, inputs) == ["sum": (0..<8).map { max(0, 3 - Float($0)) }])
    let error = #expect(throws: ZooError.self) { try executable.outputs(program, [inputs[0]]) }
    #expect(error?.message == "the network takes a, b, not 1 inputs")
  }

  @Test func takesAnInputAsAnOutput() throws {
    let graph = try Graph { input in
      let x = input("image", [1, 2, 2])
      return ["same": x, "twice": x.add(x)]
    }
    let program = try Program(graph, Weights()).folded().fused()
    let input = try Tensor([1, 1, 2, 2], [1, 2, 3, 4])
    let outputs = try LayerEngine().compile(program, batch: 1).outputs(program, [input])
    #expect(outputs == ["same": [1, 2, 3, 4], "twice": [2, 4, 6, 8]])
  }

  /// A mean behind a 1×1 convolution goes before it; not where something lies between or somebody
  /// looks.
  @Test func takesMeansFirst() throws {
    let graph = try Graph { input in
      let x = input("image", [4, 9, 8])
      let y = x.conv("c", to: 6, kernel: 1).averagePool(kernel: 2, stride: 2).relu()
      let z = y.conv("d", to: 6, kernel: 1).relu().averagePool(kernel: 2, stride: 2)
      let w = y.conv("e", to: 6, kernel: 1, bias: false)
      return ["y": y, "z": z, "w": w, "mean": w.averagePool(kernel: 2, stride: 2)]
    }
    let weights = try Formula.weights(for: graph)
    let program = try Program(graph, weights).fused()
    let swapped = try Program(graph, weights).fused().poolingFirst()
    #expect(
      swapped.steps.map(\.layer.kind)
        == ["avgpool", "conv", "conv", "avgpool", "conv", "avgpool"])
    let input = try Formula.tensor("image", [2, 4, 9, 8])
    let expected = try LayerEngine().compile(program, batch: 2).outputs(program, [input])
    let found = try LayerEngine().compile(swapped, batch: 2).outputs(swapped, [input])
    for (name, values) in expected { #expect(error(found[name] ?? [], values) < 1e-6, "\(name)") }
  }
}

/// A basic block with a head.
func residual() throws -> Graph {
  try Graph { input in
    let x = input("image", [4, 6, 6])
    let y = x.stage("block") {
      $0.conv("conv1", to: 4, kernel: 3, padding: 1, bias: false).batchNorm("norm1").relu()
        .conv("conv2", to: 4, kernel: 3, padding: 1).batchNorm("norm2").add(x).relu()
    }
    return ["logits": y.stage(Stage.head) { $0.globalAveragePool().flatten().dense("fc", to: 3) }]
  }
}
