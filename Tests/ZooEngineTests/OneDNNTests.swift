import TestSupport
import Testing
import ZooEngine
import ZooKit

/// The engine on oneDNN against the layers themselves.
@Suite(.enabled(if: OneDNN.isHere, "oneDNN is not installed"))
struct OneDNNTests {
  /// On 500 random networks, folded and fused and as written; three operations are kept in each.
  @Test(arguments: 0..<10)
  func computesWhatTheLayersDo(round: Int) throws {
    let engine = try OneDNNEngine()
    for seed in round * 50..<(round + 1) * 50 {
      let random = try RandomGraph(seed)
      let batch = seed % 2 == 0 ? 1 : 3
      let input = try random.input(batch: batch)
      let written = try Program(random.graph, random.weights, keeping: random.kept)
      for program in [written, try written.folded().fused()] {
        try expectAgreement(program, engine, batch, [input], "\(random)")
      }
    }
  }

  /// With channels in sixteens, as the kernels for blocks of them want it.
  @Test(arguments: 0..<5) func computesWideNetworks(round: Int) throws {
    let engine = try OneDNNEngine()
    for seed in round * 20..<(round + 1) * 20 {
      let random = try RandomGraph(seed, width: 16)
      let batch = seed % 2 == 0 ? 1 : 4
      let program = try Program(random.graph, random.weights, keeping: random.kept).folded().fused()
      try expectAgreement(
        program, engine, batch, [random.input(batch: batch)], "wide \(random)", 1e-4)
    }
  }

  /// Every way to divide the work: few tiles and many, one group of outputs and several, borders
  /// of every kind, and on any number of threads to the same bit.
  @Test(arguments: [2, 5, 8, 13, 33, 50], [16, 32, 48, 64, 192])
  func convolvesAfterWinograd(side: Int, channels: Int) throws {
    let count = Threads.count
    defer { Threads.count = count }
    let batch = side < 8 ? 9 : 2
    let padding = Window.Padding(
      top: side % 3, left: channels % 5 % 3, bottom: 2 - side % 3, right: side % 2 + 1)
    let graph = try Graph { input in
      let x = input("image", [32, side + 1, side + 2])
      let y = x.conv("c", to: channels, kernel: 3, padding: padding)
      let z = y.relu().conv("d", to: channels, kernel: 3, padding: 1, bias: false)
      return ["y": z.add(y).relu(), "z": y]
    }
    let program = try Program(graph, Formula.weights(for: graph)).fused()
    let input = try Formula.tensor("image", [batch, 32, side + 1, side + 2])
    try expectAgreement(program, OneDNNEngine(), batch, [input], "\(side), \(channels)", 2e-5)
    var results: [[String: [Float]]] = []
    for threads in 1...3 {
      Threads.count = threads
      results.append(
        try OneDNNEngine().compile(program, batch: batch).outputs(program, [input]))
    }
    #expect(results[0] == results[1] && results[0] == results[2])
    let plan = try InferencePlan(
      graph, Formula.weights(for: graph), batch: batch, engine: OneDNNEngine())
    #expect(plan.stages.contains { $0.kernel.hasPrefix("winograd") })
  }

  /// Tiles of every size, with kernels of both sizes, on few places and on many.
  @Test(arguments: [(6, 3, 2), (14, 3, 3), (28, 3, 4), (27, 5, 2)], Precision.allCases)
  func choosesATile(_ size: (side: Int, kernel: Int, tile: Int), precision: Precision) throws {
    guard precision == .fp32 || OneDNN.hasBFloat16, OneDNN.hasAVX512 else { return }
    let border = Window.Padding(size.kernel / 2)
    let graph = try Graph { input in
      let x = input("image", [48, size.side, size.side])
      let y = x.conv("c", to: 48, kernel: .init(size.kernel), padding: border).leakyReLU(slope: 0.1)
      return ["y": y.conv("d", to: 48, kernel: .init(size.kernel), padding: border).add(y)]
    }
    let program = try Program(graph, Formula.weights(for: graph)).fused()
    let engine = try OneDNNEngine(precision: precision, everywhere: true)
    try expectAgreement(
      program, engine, 1, [Formula.tensor("image", [1, 48, size.side, size.side])], "\(size)",
      precision == .fp32 ? 1e-5 : 2e-2)
    // In bfloat16 the plain way is twice as fast.
    guard precision == .fp32 || size.side == 28 else { return }
    let kernels = try engine.compile(program, batch: 1).stages.map(\.kernel)
    #expect(kernels.filter { $0 == "winograd \(size.tile)×\(size.tile)" }.count == 2, "\(kernels)")
  }

  /// 1×1 convolutions with what they take along before and behind; few places and many, groups of
  /// outputs of every width.
  @Test(arguments: [1, 7, 14, 30], [16, 48, 96, 192]) func convolvesPlaces(side: Int, channels: Int)
    throws
  {
    let graph = try Graph { input in
      let x = input("image", [channels, 2 * side, 2 * side]).maxPool(kernel: 1)
      let y = x.batchNorm("n").relu().conv("c", to: 64, kernel: 1, bias: false).relu()
      let z = x.conv("d", to: 64, kernel: 1).leakyReLU(slope: 0.2)
      let pooled = y.add(z).batchNorm("m").relu().conv("e", to: channels, kernel: 1)
        .averagePool(kernel: 2, stride: 2)
      let strided = y.conv("f", to: channels, kernel: 1, stride: 2).add(pooled).relu()
      return ["pooled": pooled, "strided": strided, "y": y]
    }
    let program = try Program(graph, Formula.weights(for: graph)).folded().fused().poolingFirst()
    for batch in [1, 3] {
      let input = try Formula.tensor("image", [batch, channels, 2 * side, 2 * side])
      try expectAgreement(program, OneDNNEngine(), batch, [input], "\(side), \(channels)")
    }
    guard OneDNN.hasAVX512 else { return }
    let kernels = Set(try OneDNNEngine().compile(program, batch: 3).stages.map(\.kernel))
    #expect(kernels.isSuperset(of: ["1×1", "norm + 1×1", "norm + mean + 1×1"]), "\(kernels)")
  }

  /// Transposed convolutions without overlap: rows of every length, one group of outputs and
  /// several, beside a map that lies there already.
  @Test(arguments: [(2, 16), (2, 64), (3, 32)], [1, 3])
  func raisesMaps(_ size: (side: Int, channels: Int), batch: Int) throws {
    let graph = try Graph { input in
      let skip = input("image", [3, 13 * size.side, 7 * size.side]).conv("a", to: 32, kernel: 1)
      let x = skip.maxPool(kernel: .init(size.side)).conv("b", to: 48, kernel: 1).relu()
      let y = x.transposedConv(
        "up", to: size.channels, kernel: .init(size.side), stride: .init(size.side))
      return [
        "joined": y.relu().concatenate(skip).conv("c", to: 32, kernel: 3, padding: 1),
        "cut": x.transposedConv(
          "odd", to: 16, kernel: .init(size.side), stride: .init(size.side), padding: 1),
      ]
    }
    let program = try Program(graph, Formula.weights(for: graph)).folded().fused()
    let input = try Formula.tensor("image", [batch, 3, 13 * size.side, 7 * size.side])
    try expectAgreement(program, OneDNNEngine(), batch, [input], "\(size), \(batch)", 2e-5)
    guard OneDNN.hasAVX512 else { return }
    let stages = try OneDNNEngine().compile(program, batch: batch).stages
    #expect(stages.count { $0.kernel == "1×1 to \(size.side)×\(size.side)" } == 1, "\(stages)")
    // A rectifier rides along, and what is made lies where it is read.
    #expect(!stages.contains { ["relu", "concat"].contains($0.kind) })
  }

  /// Few outputs, read as they come: by users, or in a row with those of other maps.
  @Test(arguments: [1, 3, 12, 33, 255], [1, 3]) func endsInPlainMaps(outputs: Int, batch: Int)
    throws
  {
    let graph = try Graph { input in
      let x = input("image", [3, 11, 13]).conv("a", to: 32, kernel: 3, padding: 1).relu()
      let map = x.conv("b", to: outputs, kernel: 1)
      let row = x.conv("c", to: outputs, kernel: 1, bias: false).leakyReLU(slope: 0.1).flatten()
      return ["map": map, "row": row, "other": x.conv("d", to: outputs, kernel: 1).tanh()]
    }
    let program = try Program(graph, Formula.weights(for: graph)).folded().fused()
    let input = try Formula.tensor("image", [batch, 3, 11, 13])
    try expectAgreement(program, OneDNNEngine(), batch, [input], "\(outputs), \(batch)")
    guard OneDNN.hasAVX512 else { return }
    let stages = try OneDNNEngine().compile(program, batch: batch).stages
    #expect(stages.count { $0.kernel == "1×1" } == 2, "\(stages)")
  }

  /// A part of the channels is read where it lies, and joined with what was made of it, as in
  /// cross-stage partial networks.
  @Test(arguments: [1, 3], Precision.allCases) func slicesWithoutCopies(
    batch: Int, precision: Precision
  ) throws {
    guard precision == .fp32 || OneDNN.hasBFloat16, OneDNN.hasAVX512 else { return }
    let graph = try Graph { input in
      let image = input("image", [32, 13, 9])
      let whole = image.conv("a", to: 64, kernel: 3, padding: 1).leakyReLU(slope: 0.1)
      let first = whole.slice(of: 32..<64).conv("b", to: 32, kernel: 3, padding: 1).relu()
      let second = first.conv("c", to: 32, kernel: 3, padding: 1).relu()
      let fine = second.concatenate(first).conv("d", to: 64, kernel: 1).relu()
      return [
        "y": whole.concatenate(fine).maxPool(kernel: 2), "part": whole.slice(of: 16..<32),
        "odd": whole.slice(of: 3..<40).tanh(),
        "given": image.slice(of: 16..<32).conv("e", to: 16, kernel: 3, padding: 1),
      ]
    }
    let program = try Program(graph, Formula.weights(for: graph)).folded().fused()
    let input = try Formula.tensor("image", [batch, 32, 13, 9])
    try expectAgreement(
      program, OneDNNEngine(precision: precision, everywhere: true), batch, [input], "\(batch)",
      precision == .fp32 ? 2e-5 : 2e-2)
    guard precision == .fp32 else { return }
    let stages = try OneDNNEngine().compile(program, batch: batch).stages
    #expect(stages.count { $0.kind == "slice" && $0.kernel == "layer" } <= 2, "\(stages)")
  }

  /// What is joined is made where it will lie, whatever the batch.
  @Test(arguments: [1, 3]) func joinsWithoutCopies(batch: Int) throws {
    guard OneDNN.hasAVX512 else { return }
    let graph = try Graph { input in
      let x = input("image", [3, 24, 24]).conv("stem", to: 64, kernel: 1).relu()
        .conv("s", to: 64, kernel: 3, padding: 1)
      let block = (0..<4).reduce(x) { x, layer in
        let y = x.batchNorm("n\(layer)").relu().conv("c\(layer)", to: 64, kernel: 1).relu()
        return x.concatenate(y.conv("d\(layer)", to: 32, kernel: 3, padding: 1, bias: false))
      }
      // Read in pieces and as a whole, by kernels of the library and by layers.
      let parts = [x.maxPool(kernel: 2), block.tanh().maxPool(kernel: 2), block.slice(of: 3..<9)]
      return ["a": parts[0], "b": parts[1], "c": parts[2]]
    }
    let program = try Program(graph, Formula.weights(for: graph)).folded().fused()
    let input = try Formula.tensor("image", [batch, 3, 24, 24])
    try expectAgreement(program, OneDNNEngine(), batch, [input], "a dense block of \(batch)")
    let stages = try OneDNNEngine().compile(program, batch: batch).stages
    // The first is read in one piece at the end; of the whole there is nothing to copy.
    #expect(stages.count { $0.kernel == "copy" } == (batch == 1 ? 0 : 1), "\(stages)")
    #expect(!stages.contains { $0.kind == "concat" })
  }

  /// One layer after a convolution that leaves blocks of channels, with epilogues of every kind.
  @Test(arguments: 0..<Self.layers.count, [1, 3])
  func knowsEveryLayer(index: Int, batch: Int) throws {
    for channels in [16, 24, 5] {
      let graph = try Graph { input in
        let image = input("image", [3, 12, 11])
        let x = image.conv("first", to: channels, kernel: 3, padding: 1).relu()
        return ["y": Self.layers[index].1(x)]
      }
      let program = try Program(graph, Formula.weights(for: graph)).folded().fused()
      let input = try Formula.tensor("image", [batch, 3, 12, 11])
      for winograd in [false, true] {
        try expectAgreement(
          program, OneDNNEngine(winograd: winograd), batch, [input],
          "\(Self.layers[index].0) over \(channels) channels", winograd ? 1e-4 : 1e-5)
      }
    }
  }

  static let layers: [(String, @Sendable (Node) -> Node)] = [
    ("conv 3×3", { $0.conv("c", to: 32, kernel: 3, padding: 1) }),
    ("conv 3×3 relu", { $0.conv("c", to: 32, kernel: 3, padding: 1).relu() }),
    ("conv 1×1 leaky", { $0.conv("c", to: 7, kernel: 1).leakyReLU(slope: 0.1) }),
    ("conv mish", { $0.conv("c", to: 16, kernel: 3, padding: 1).mish() }),
    ("conv silu", { $0.conv("c", to: 16, kernel: 5, stride: 2, padding: 2).silu() }),
    ("conv relu6", { $0.conv("c", to: 16, kernel: .init(3, 1), bias: false).relu6() }),
    ("conv sigmoid", { $0.conv("c", to: 16, kernel: .init(1, 5), padding: 2).sigmoid() }),
    ("conv tanh", { $0.conv("c", to: 16, kernel: 3, padding: 2, dilation: 2).tanh() }),
    (
      "one-sided padding",
      {
        $0.conv("c", to: 16, kernel: 3, padding: .init(top: 0, left: 1, bottom: 2, right: 0))
      }
    ),
    (
      "depthwise",
      {
        $0.conv("c", to: $0.shape.channels, kernel: 3, padding: 1, groups: $0.shape.channels)
          .relu6()
      }
    ),
    (
      "grouped",
      {
        $0.conv("a", to: 32, kernel: 1).conv("c", to: 64, kernel: 3, padding: 1, groups: 4).relu()
      }
    ),
    (
      "residual",
      { x in
        x.conv("c", to: x.shape.channels, kernel: 3, padding: 1).batchNorm("n").add(x).relu()
      }
    ),
    (
      "two residuals",
      { x in
        let y = x.conv("c", to: x.shape.channels, kernel: 3, padding: 1).add(x).relu()
        return y.conv("d", to: x.shape.channels, kernel: 1).add(y).relu().add(x)
      }
    ),
    (
      "activation before the sum",
      { x in
        x.conv("c", to: x.shape.channels, kernel: 3, padding: 1).mish().add(x)
      }
    ),
    (
      "downsample",
      { x in
        x.conv("c", to: 32, kernel: 3, stride: 2, padding: 1)
          .add(x.conv("d", to: 32, kernel: 1, stride: 2)).relu()
      }
    ),
    ("gate", { x in x.conv("c", to: x.shape.channels, kernel: 1).multiply(x).relu() }),
    (
      "squeeze",
      { x in
        x.multiply(
          x.globalAveragePool().conv("c", to: x.shape.channels, kernel: 1).sigmoid())
      }
    ),
    ("transposed", { $0.transposedConv("c", to: 16, kernel: 2, stride: 2).relu() }),
    ("transposed 3×3", { $0.transposedConv("c", to: 8, kernel: 3, stride: 2, padding: 1) }),
    (
      "transposed out",
      {
        $0.transposedConv("c", to: 8, kernel: 3, stride: 2, padding: 1, outputPadding: 1)
      }
    ),
    (
      "transposed groups",
      { x in
        x.conv("a", to: 32, kernel: 1).transposedConv("c", to: 48, kernel: 3, groups: 2)
      }
    ),
    ("maxpool", { $0.maxPool(kernel: 3, stride: 2, padding: 1) }),
    ("maxpool ceiling", { $0.maxPool(kernel: 2, ceiling: true) }),
    ("maxpool dilated", { $0.maxPool(kernel: 3, stride: 1, dilation: 2) }),
    ("maxpool leftover", { $0.maxPool(kernel: 3, stride: 4) }),
    ("avgpool", { $0.averagePool(kernel: 3, stride: 2, padding: 1) }),
    ("avgpool inside", { $0.averagePool(kernel: 3, stride: 2, padding: 1, countsPadding: false) }),
    ("avgpool ceiling", { $0.averagePool(kernel: 3, stride: 2, padding: 1, ceiling: true) }),
    (
      "avgpool ceiling inside",
      {
        $0.averagePool(kernel: 2, stride: 2, ceiling: true, countsPadding: false)
      }
    ),
    ("avgpool ceiling 2", { $0.averagePool(kernel: 2, stride: 2, ceiling: true) }),
    ("adaptive whole", { $0.adaptiveAveragePool(to: .init(12, 11)).relu() }),
    ("adaptive divides", { $0.adaptiveAveragePool(to: .init(4, 1)) }),
    ("adaptive does not", { $0.adaptiveAveragePool(to: 5) }),
    ("adaptive max", { $0.adaptiveMaxPool(to: .init(6, 11)) }),
    ("norm relu", { $0.maxPool(kernel: 2).batchNorm("n").relu() }),
    ("norm silu", { $0.maxPool(kernel: 2).batchNorm("n", epsilon: 1e-3).silu() }),
    ("lrn", { $0.localResponseNorm(size: 5, alpha: 0.1, k: 2) }),
    ("lrn even", { $0.localResponseNorm(size: 4, alpha: 0.1) }),
    ("lrn other power", { $0.localResponseNorm(size: 3, alpha: 0.2, beta: 0.5) }),
    ("softmax of a map", { $0.softmax() }),
    ("softmax of a vector", { $0.globalAveragePool().flatten().softmax() }),
    ("activations", { $0.relu6().tanh().leakyReLU(slope: 0.2).sigmoid().silu().mish() }),
    ("dense", { $0.flatten().dense("d", to: 20).relu() }),
    ("dense twice", { $0.flatten().dense("d", to: 20).relu().dropout().dense("e", to: 9) }),
    (
      "dense sum",
      { x in
        let y = x.flatten().dense("d", to: 20)
        return y.dense("e", to: 20, bias: false).add(y).relu()
      }
    ),
    (
      "concatenation",
      { x in
        let y = x.conv("c", to: 32, kernel: 3, padding: 1)
        return x.concatenate(y, x).conv("d", to: 8, kernel: 1)
      }
    ),
    (
      "dense block",
      { x in
        let y = x.concatenate(x.batchNorm("n").relu().conv("c", to: 16, kernel: 3, padding: 1))
        return y.concatenate(y.batchNorm("m").relu().conv("d", to: 16, kernel: 3, padding: 1))
          .batchNorm("o").relu()
      }
    ),
    (
      "sum of three",
      { x in
        x.callLayer(Add(), with: [x.relu(), x.conv("c", to: x.shape.channels, kernel: 1)])
      }
    ),
    ("nearest", { $0.upsampleNearest(by: 2) }),
    ("nearest by 3", { $0.upsampleNearest(by: .init(3, 1)) }),
    ("nearest to a size", { $0.upsample(nil, .nearest, to: .init(17, 20)) }),
    ("bilinear", { $0.upsampleBilinear(by: 2) }),
    ("bilinear to a size", { $0.upsample(nil, .bilinear(alignCorners: false), to: .init(7, 30)) }),
    ("bilinear corners", { $0.upsampleBilinear(by: 2, alignCorners: true) }),
    ("pad and slice", { $0.pad(border: 1).slice(of: 1..<4).conv("c", to: 16, kernel: 3) }),
    (
      "slices of blocks",
      { x in
        let y = x.conv("c", to: 48, kernel: 3, padding: 1)
        return y.slice(of: 16..<32).conv("d", to: 16, kernel: 1).add(y.slice(of: 32..<48))
          .concatenate(y)
      }
    ),
    (
      "slices of lanes",
      { x in
        let y = x.conv("c", to: 40, kernel: 3, padding: 1)
        return y.slice(of: 5..<29).concatenate(y.slice(of: 8..<40), x).conv("d", to: 8, kernel: 1)
      }
    ),
    (
      "every other place",
      { x in
        x.slice(of: 1..<12, axis: 1, step: 3).slice(of: 0..<11, axis: 2, step: 2)
          .pad(channels: (8, 3)).conv("c", to: 8, kernel: 1)
      }
    ),
    ("border", { $0.pad(border: .init(top: 2, left: 0, bottom: 1, right: 3)).maxPool(kernel: 2) }),
    ("border of ones", { $0.pad(border: 1, value: 1) }),
    ("maxpool by ones", { $0.maxPool(kernel: 5, stride: 1, padding: 2) }),
    ("norm leaky", { $0.maxPool(kernel: 2).batchNorm("n").leakyReLU(slope: 0.1) }),
    (
      "norm leaky sum",
      { x in
        let y = x.conv("c", to: x.shape.channels, kernel: 3, padding: 1).batchNorm("n")
        return y.add(x).leakyReLU(slope: 0.2).batchNorm("m").mish()
      }
    ),
    (
      "doubled beside a skip",
      { x in
        let up = x.conv("c", to: 32, kernel: 3, padding: 1).relu()
          .transposedConv("t", to: 16, kernel: 2, stride: 2)
        return up.concatenate(up.conv("skip", to: 16, kernel: 3, padding: 1).relu())
          .conv("d", to: 16, kernel: 3, padding: 1)
      }
    ),
    ("leaky that turns round", { $0.batchNorm("n").leakyReLU(slope: -0.3) }),
    ("reshape", { $0.reshape(to: [$0.shape.count, 1, 1]).conv("c", to: 16, kernel: 1) }),
  ]

  @Test func repeatsToTheBitAndKeepsItsInputs() throws {
    let graph = try residual()
    let program = try Program(graph, Formula.weights(for: graph), keeping: ["block", "conv1"])
      .folded().fused()
    let input = try Formula.tensor("image", [2, 4, 6, 6])
    let before = input.values
    let first = try OneDNNEngine().compile(program, batch: 2)
    let expected = try first.outputs(program, [input])
    _ = try first.outputs(program, [Formula.tensor("other", [2, 4, 6, 6])])
    #expect(try first.outputs(program, [input]) == expected)
    #expect(try OneDNNEngine().compile(program, batch: 2).outputs(program, [input]) == expected)
    #expect(input.values == before)
  }

  /// Every layer in bfloat16, which keeps eight bits: rounding twice or thrice is not more than this.
  @Test(
    .enabled(if: OneDNN.hasBFloat16, "the processor does not know bfloat16"),
    arguments: 0..<Self.layers.count, [1, 3])
  func knowsEveryLayerInBFloat16(index: Int, batch: Int) throws {
    for channels in [16, 5] {
      let graph = try Graph { input in
        let image = input("image", [3, 12, 11])
        let x = image.conv("first", to: channels, kernel: 3, padding: 1).relu()
        return ["y": Self.layers[index].1(x)]
      }
      let program = try Program(graph, Formula.weights(for: graph)).folded().fused()
      try expectAgreement(
        program, OneDNNEngine(precision: .bf16, everywhere: true), batch,
        [Formula.tensor("image", [batch, 3, 12, 11])],
        "\(Self.layers[index].0) over \(channels) channels", 2e-2)
    }
  }

  @Test(arguments: Precision.allCases) func namesEveryStage(precision: Precision) throws {
    guard precision == .fp32 || OneDNN.hasBFloat16 else { return }
    let graph = try residual()
    let plan = try InferencePlan(
      graph, Formula.weights(for: graph), batch: 2,
      engine: OneDNNEngine(precision: precision, everywhere: true))
    let times = try plan.profile(["image": Formula.tensor("image", [2, 4, 6, 6])], runs: 3)
    #expect(times.count == plan.stages.count && times.allSatisfy { $0 > .zero })
    #expect(plan.stages.reduce(0) { $0 + $1.macs } == 2 * graph.macs)
    #expect(plan.stages.allSatisfy { !$0.step.isEmpty && !$0.kernel.isEmpty })
    // Sums are float32, and so is what they end in.
    #expect(plan.stages.last?.kind != "reorder")
  }

  @Test func reusesMemory() throws {
    let graph = try Graph { input in
      let x = input("image", [16, 32, 32])
      return [
        "y": (0..<20).reduce(x) { x, index in
          x.conv("c\(index)", to: 16, kernel: 3, padding: 1).relu()
        }
      ]
    }
    let program = try Program(graph, Formula.weights(for: graph)).fused()
    let arena = try OneDNNEngine(winograd: false).compile(program, batch: 1).arenaBytes
    // Two maps at a time, and what kernels borrow.
    #expect(arena < 4 * 16 * 32 * 32 * 4)
  }

  @Test func takesAnInputAsAnOutput() throws {
    let graph = try Graph { input in
      let x = input("image", [1, 2, 2])
      return ["same": x, "twice": x.add(x), "flat": x.flatten()]
    }
    let program = try Program(graph, Weights()).folded().fused()
    let input = try Tensor([1, 1, 2, 2], [1, 2, 3, 4])
    let outputs = try OneDNNEngine().compile(program, batch: 1).outputs(program, [input])
    #expect(outputs == ["same": [1, 2, 3, 4], "twice": [2, 4, 6, 8], "flat": [1, 2, 3, 4]])
  }

  @Test func saysWhatItIs() throws {
    let library = try OneDNN.library.get()
    #expect(library.version.hasPrefix("2."))
    #expect(!library.path.isEmpty && !library.instructions.isEmpty)
    #expect(try EngineChoice.onednn.engine().name == "onednn")
    #expect(EngineChoice.objection == nil)
    #expect(try EngineChoice.auto.engine().name == "onednn")
    #expect(try EngineChoice.openblas.engine().name == "openblas")
  }

  private func expectAgreement(
    _ program: Program, _ engine: OneDNNEngine, _ batch: Int, _ inputs: [Tensor], _ what: String,
    _ bound: Double = 1e-5
  ) throws {
    let found = try engine.compile(program, batch: batch).outputs(program, inputs)
    let expected = try LayerEngine().compile(program, batch: batch).outputs(program, inputs)
    #expect(found.count == expected.count)
    for (name, values) in expected {
      let error = error(try #require(found[name]), values)
      #expect(error <= bound, "\(what), \(name): \(error)")
    }
  }
}

extension OneDNN {
  static var isHere: Bool { (try? library.get()) != nil }
  static var hasAVX512: Bool { (try? library.get())?.hasAVX512 ?? false }
  static var hasBFloat16: Bool { (try? library.get())?.hasBFloat16 ?? false }
}
