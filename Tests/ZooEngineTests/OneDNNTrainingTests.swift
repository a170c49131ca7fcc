import TestSupport
import Testing
import ZooEngine
import ZooKit

/// Training on oneDNN against the layers themselves.
@Suite(.enabled(if: OneDNN.isHere, "oneDNN is not installed"))
struct OneDNNTrainingTests {
  /// Values, gradients and running statistics of 500 random networks over two steps: with noise,
  /// with gradients from several places, for every rule. Then 100 of wider ones, in whole blocks.
  @Test(arguments: 0..<12)
  func learnsWhatTheLayersDo(round: Int) throws {
    for seed in round * 50..<(round + 1) * 50 {
      let random = try RandomGraph(seed, width: seed < 500 ? 1 : 16)
      var options = TrainingPlan.Options()
      options.seeds = ["logits", "maps"] + random.kept
      options.gradients = ["image", random.kept[0]]
      if seed % 4 == 1 { options.frozenNorms = [Stage.backbone] }
      if seed % 4 == 2 { options.trainable = { $0.name.hashed % 2 == 0 } }
      if seed % 4 == 3 {
        (options.gradients, options.noise) = ([], false)
        options.frozenNorms = [Stage.backbone]
        options.trainable = { $0.name.hasPrefix("fc") || $0.name.hasPrefix("dense") }
      }
      try expectAgreement(
        random.graph, random.weights, batch: 2, options, "\(random)",
        rule: [Rule.plain, .guided, .deconvnet][seed % 3])
    }
  }

  /// One layer behind a convolution that leaves blocks of channels, with everything fused that can
  /// be.
  @Test(arguments: 0..<OneDNNTests.layers.count)
  func knowsEveryLayer(index: Int) throws {
    for channels in [16, 24, 5] {
      let graph = try Graph { input in
        let image = input("image", [3, 12, 11])
        let x = image.conv("first", to: channels, kernel: 3, padding: 1).batchNorm("norm").relu()
        return ["y": OneDNNTests.layers[index].1(x)]
      }
      var options = TrainingPlan.Options()
      options.gradients = ["image"]
      try expectAgreement(
        graph, Formula.weights(for: graph), batch: 2, options,
        "\(OneDNNTests.layers[index].0) over \(channels) channels")
    }
  }

  /// Maps that Winograd takes, sums that share gradients, concatenations that lie in each other.
  private func blocks() throws -> Graph {
    try Graph { input in
      var x = input("image", [3, 32, 32]).conv("a", to: 64, kernel: 3, padding: 1, bias: false)
        .batchNorm("na").relu().maxPool(kernel: 2)
      for index in 0..<2 {
        let y = x.conv("b\(index)", to: 64, kernel: 3, padding: 1, bias: false)
          .batchNorm("nb\(index)").relu()
          .conv("c\(index)", to: 64, kernel: 3, padding: 1, bias: false).batchNorm("nc\(index)")
        x = y.add(x).relu()
      }
      var maps = x.conv("d", to: 32, kernel: 1)
      for index in 0..<3 {
        let new = maps.batchNorm("ne\(index)").relu()
          .conv("e\(index)", to: 16, kernel: 3, padding: 1, bias: false)
        maps = maps.concatenate(new)
      }
      let y = maps.batchNorm("nf").relu().averagePool(kernel: 2).add(
        x.conv("g", to: 80, kernel: 1, stride: 2, bias: false).batchNorm("ng"))
      return ["y": y.globalAveragePool().flatten().dense("fc", to: 10)]
    }
  }

  @Test func learnsInBlocks() throws {
    let graph = try blocks()
    let weights = try Formula.weights(for: graph)
    for (winograd, bound) in [(false, 1e-4), (true, 1e-3)] {
      for rule in [Rule.plain, .guided, .deconvnet] {
        var options = TrainingPlan.Options()
        try expectAgreement(
          graph, weights, batch: 2, options, "blocks", rule: rule, winograd: winograd, bound)
        options.frozenNorms = [Stage.backbone]
        options.gradients = ["image"]
        try expectAgreement(
          graph, weights, batch: 2, options, "frozen norms", rule: rule, winograd: winograd, bound)
      }
    }
  }

  /// Large enough for all threads to have a part in everything.
  @Test func repeatsToTheBit() throws {
    let graph = try blocks()
    let weights = try Formula.weights(for: graph)
    let image = try Formula.tensor("image", [8, 3, 32, 32])
    func learned() throws -> [[Float]] {
      let plan = try TrainingPlan(graph, weights, batch: 8, engine: OneDNNEngine())
      for step in 0..<3 {
        try plan.forward(["image": image])
        try plan.backward(["y": Formula.tensor("seed \(step)", [8, 10])])
        plan.update { values, gradients in
          for index in values.indices { values[index] -= 0.01 * gradients[index] }
        }
      }
      return try plan.weights.map(\.tensor.values)
    }
    let first = try learned()
    for _ in 0..<3 { #expect(try learned() == first) }
  }

  @Test func frozenNormsStayAsTheyAre() throws {
    let graph = try residual()
    let weights = try Formula.weights(for: graph)
    var options = TrainingPlan.Options()
    options.frozenNorms = [Stage.backbone]
    let plan = try TrainingPlan(graph, weights, batch: 2, options: options, engine: OneDNNEngine())
    try plan.forward(["image": Formula.tensor("image", [2, 4, 6, 6])])
    try plan.backward(["logits": Formula.tensor("seed", [2, 3])])
    for (name, tensor) in try plan.weights { #expect(tensor.values == weights[name]?.values) }
    #expect(try plan.gradient(of: "norm1.weight").values.contains { $0 != 0 })
  }

  /// A plan with a frozen prefix, and the two halves by themselves.
  @Test func splitIsWhole() throws {
    let graph = try residual()
    let weights = try Formula.weights(for: graph)
    var options = TrainingPlan.Options()
    options.trainable = { $0.name.hasPrefix("fc") }
    options.frozenNorms = [Stage.backbone]
    let (frozen, rest) = try #require(try graph.splitFrozen(options))
    #expect(frozen.outputs.map(\.name) == ["features"])
    #expect(rest.inputs.map(\.name) == ["features"])
    #expect(rest.parameters.map(\.name) == ["fc.weight", "fc.bias"])
    #expect(frozen.parameters.count + rest.parameters.count == graph.parameters.count)

    let input = try Formula.tensor("image", [2, 4, 6, 6])
    let seed = try Formula.tensor("seed", [2, 3])
    let whole = try TrainingPlan(graph, weights, batch: 2, options: options, engine: OneDNNEngine())
    let plain = try TrainingPlan(graph, weights, batch: 2, options: options)
    let head = try TrainingPlan(rest, weights, batch: 2, engine: OneDNNEngine())
    let features = try InferencePlan(frozen, weights, batch: 2, engine: OneDNNEngine())
      .run(["image": input])
    try head.forward(features)
    for plan in [whole, plain] { try plan.forward(["image": input]) }
    for plan in [whole, plain, head] { try plan.backward(["logits": seed]) }
    #expect(try head.value("logits").values == whole.value("logits").values)
    for name in ["fc.weight", "fc.bias"] {
      #expect(try head.gradient(of: name).values == whole.gradient(of: name).values)
      let expected = try plain.gradient(of: name).values
      #expect(try error(whole.gradient(of: name).values, expected) <= 1e-5)
    }
    #expect(whole.arenaBytes < plain.arenaBytes * 4)
    // Nothing is frozen, or all is.
    #expect(try graph.splitFrozen(.init()) == nil)
    options.trainable = { _ in false }
    #expect(try graph.splitFrozen(options) == nil)
  }

  /// The same passes as inference, to the bit: a mean is taken before a 1×1 convolution.
  @Test func theFrozenPrefixIsSimplified() throws {
    let graph = try Graph { input in
      let x = input("image", [16, 8, 8]).conv("a", to: 32, kernel: 1).batchNorm("n")
        .averagePool(kernel: 2, stride: 2)
      return ["y": x.flatten().dense("fc", to: 3)]
    }
    let weights = try Formula.weights(for: graph)
    let image = try Formula.tensor("image", [2, 16, 8, 8])
    var options = TrainingPlan.Options()
    options.trainable = { $0.name.hasPrefix("fc") }
    options.frozenNorms = ["n"]
    options.keeping = ["flatten"]
    let (frozen, _) = try #require(try graph.splitFrozen(options))
    let features = try InferencePlan(frozen, weights, batch: 2, engine: OneDNNEngine())
      .run(["image": image])
    let plan = try TrainingPlan(graph, weights, batch: 2, options: options, engine: OneDNNEngine())
    try plan.forward(["image": image])
    #expect(try plan.value("flatten").values == features["features"]?.values)
  }

  /// Both directions are stages of a profile, and products count in each.
  @Test(arguments: GoldenStep.engines.map(\.name))
  func aStepHasAProfile(engine: String) throws {
    let graph = try residual()
    let plan = try TrainingPlan(
      graph, Formula.weights(for: graph), batch: 2,
      engine: try #require(EngineChoice(rawValue: engine)))
    let clock = StageClock()
    plan.clock = clock
    for _ in 0..<2 {
      try plan.forward(["image": Formula.tensor("image", [2, 4, 6, 6])])
      try plan.backward(["logits": Formula.tensor("seed", [2, 3])])
      #expect(clock.laps.count == plan.stages.count)
    }
    // The first convolution's source has no gradient.
    let first = 2 * graph.macs(of: try #require(graph.index(of: "conv1")))
    #expect(plan.stages.reduce(0) { $0 + $1.macs } == 3 * 2 * graph.macs - first)
  }

  @Test(arguments: GoldenStep.engines.map(\.name))
  func takesOtherWeights(engine: String) throws {
    let graph = try residual()
    let weights = try Formula.weights(for: graph)
    var other = weights
    for (name, tensor) in weights {
      other[name] = try Tensor(tensor.shape, tensor.values.map { 0.5 * $0 + 0.1 })
    }
    var options = TrainingPlan.Options()
    options.trainable = { $0.name.hasPrefix("fc") || $0.name.hasPrefix("conv2") }
    options.frozenNorms = ["norm1"]
    let choice = try #require(EngineChoice(rawValue: engine))
    let plan = try TrainingPlan(graph, weights, batch: 2, options: options, engine: choice)
    let fresh = try TrainingPlan(graph, other, batch: 2, options: options, engine: choice)
    func gradient(_ plan: TrainingPlan) throws -> [Float] {
      try plan.forward(["image": Formula.tensor("image", [2, 4, 6, 6])])
      try plan.backward(["logits": Formula.tensor("seed", [2, 3])])
      return try plan.gradient(of: "conv2.weight").values
    }
    let before = try gradient(plan)
    try plan.load(other)
    #expect(try gradient(plan) == gradient(fresh))
    #expect(try gradient(plan) != before)
    var missing = weights
    missing["fc.bias"] = nil
    #expect(throws: ZooError.self) { try plan.load(missing) }
    try plan.load(weights)
    #expect(try gradient(plan) == before)
    for (name, tensor) in try plan.weights where !name.hasPrefix("norm2") {
      #expect(tensor.values == weights[name]?.values)
    }
  }

  @Test func keepsOnlyWhatBackwardReads() throws {
    let graph = try Graph { input in
      let x = input("image", [16, 32, 32])
      return [
        "y": (0..<20).reduce(x) { x, index in
          x.conv("c\(index)", to: 16, kernel: 3, padding: 1).relu()
        }
      ]
    }
    let weights = try Formula.weights(for: graph)
    let map = 16 * 32 * 32 * 4
    let whole = try TrainingPlan(graph, weights, batch: 1, engine: OneDNNEngine())
    // Twenty outputs, a few gradients, and what kernels borrow.
    #expect(whole.arenaBytes < 26 * map)
    var options = TrainingPlan.Options()
    options.trainable = { $0.name.hasPrefix("c19") }
    let last = try TrainingPlan(graph, weights, batch: 1, options: options, engine: OneDNNEngine())
    #expect(last.arenaBytes < 8 * map)
  }

  /// Every value, gradient and parameter after two steps, by name.
  private func learned(
    _ graph: Graph, _ weights: Weights, _ image: Tensor, _ options: TrainingPlan.Options,
    _ rule: Rule, _ engine: any Engine
  ) throws -> (found: [String: [Float]], whole: Double) {
    let plan = try TrainingPlan(
      graph, weights, batch: image.shape[0], options: options, engine: engine)
    let seeded = options.seeds ?? graph.outputs.map(\.name)
    let gradients = plan.slots.map(\.parameter.name) + options.gradients
    var found: [String: [Float]] = [:]
    var whole = 0.0
    for step in 0..<2 {
      try plan.forward(["image": image], random: Random(seed: 9).key(step))
      var seeds: [String: Tensor] = [:]
      for name in Set(seeded) {
        let value = try plan.value(name)
        found["step \(step), value of \(name)"] = value.values
        // One that gets nothing has a gradient of zero.
        if name != seeded.first || seeded.count == 1 {
          seeds[name] = try Formula.tensor("seed \(name)", value.shape)
        }
      }
      try plan.backward(seeds, rule: rule, accumulating: step == 1)
      for (name, tensor) in try plan.weights { found["step \(step), \(name)"] = tensor.values }
      for name in gradients {
        let gradient = try plan.gradient(of: name).values
        found["step \(step), gradient of \(name)"] = gradient
        whole = max(whole, norm(gradient))
      }
    }
    return (found, whole)
  }

  /// What two runs disagree in most, and by how much. A gradient below a twentieth of the largest is
  /// seen beside that: of a bias before a norm it is zero but for rounding.
  private func worst(
    _ found: [String: [Float]], _ expected: (found: [String: [Float]], whole: Double)
  ) -> (error: Double, name: String) {
    expected.found.map { name, values in
      let scale = name.contains("gradient") ? 0.05 * expected.whole : 0
      let error = distance(found[name] ?? [], values) / max(norm(values), scale, 1e-3)
      return (error.isFinite ? error : .infinity, name)
    }.max { $0.0 < $1.0 } ?? (.infinity, "nothing")
  }

  /// Both engines round; where a network makes more of that, both do. The gradient of what lies
  /// before a norm over a few places vanishes but for ε: there 10⁻⁷ of what cancels is 10⁻⁴ of what
  /// is left. How much a network makes of rounding is measured: the layers themselves run again with
  /// every weight and pixel moved by its last digit. Of 620 random networks 18 were further apart
  /// than 2·10⁻⁵, gradients seen beside a hundredth of the largest; none by more than 2.7 times what
  /// their own last digits did to them.
  private func expectAgreement(
    _ graph: Graph, _ weights: Weights, batch: Int, _ options: TrainingPlan.Options,
    _ what: String, rule: Rule = .plain, winograd: Bool = false, _ bound: Double = 2e-5
  ) throws {
    let shape = graph.operations[graph.inputs[0].operation].shape
    let image = try Formula.tensor("image", Shape([batch] + shape.sizes))
    let plain = try learned(graph, weights, image, options, rule, LayerEngine())
    let other = try learned(
      graph, weights, image, options, rule, OneDNNEngine(winograd: winograd))
    #expect(other.found.count == plain.found.count)
    let (error, name) = worst(other.found, plain)
    guard error > bound else { return }
    var unrest = 0.0
    for seed in 0..<4 {
      let key = Random(seed: UInt64(seed))
      var moved = weights
      for (name, tensor) in weights { moved[name] = try tensor.jittered(key.key(name)) }
      let again = try learned(
        graph, moved, image.jittered(key.key("image")), options, rule, LayerEngine())
      unrest = max(unrest, worst(again.found, plain).error)
    }
    #expect(
      error <= 4 * unrest && error < 1e-2,
      "\(what): \(error) in \(name), where the last digit alone makes \(unrest)")
  }

  /// What U-Net, YOLO and their like are made of never leaves the blocks.
  @Test func nothingFallsBackToLayers() throws {
    let graph = try Graph { input in
      let x = input("image", [3, 32, 32]).conv("a", to: 32, kernel: 3, padding: 1, bias: false)
        .batchNorm("na").leakyReLU(slope: 0.1)
      let half = x.slice(of: 16..<32).conv("b", to: 16, kernel: 3, padding: 1).mish()
      let route = x.concatenate(half).maxPool(kernel: 2)
      let pyramid = route.concatenate(
        route.maxPool(kernel: 5, stride: 1, padding: 2),
        route.maxPool(kernel: 9, stride: 1, padding: 4))
      let deep = pyramid.conv("c", to: 24, kernel: 3, stride: 2, padding: 1, bias: false)
        .batchNorm("nc").silu()
      let up = deep.upsampleNearest(by: 2).concatenate(route)
      let large = up.conv("d", to: 32, kernel: 1).relu()
        .transposedConv("e", to: 32, kernel: 2, stride: 2)
      let shortcut = x.slice(of: 0..<32, axis: 1, step: 2).slice(of: 0..<32, axis: 2, step: 2)
        .pad(channels: (8, 8)).pad(border: 1)
      return [
        "mask": large.concatenate(x).conv("f", to: 1, kernel: 1),
        "gates": deep.conv("g", to: 16, kernel: 1).sigmoid(),
        "short": shortcut.conv("h", to: 8, kernel: 1),
      ]
    }
    let weights = try Formula.weights(for: graph)
    try expectAgreement(graph, weights, batch: 2, .init(), "all that they are made of")
    let plan = try TrainingPlan(graph, weights, batch: 2, engine: OneDNNEngine())
    plan.startProfile()
    try plan.forward(["image": Formula.tensor("image", [2, 3, 32, 32])])
    try plan.backward(["mask": Formula.tensor("seed", [2, 1, 32, 32])])
    let names = plan.profile.keys.sorted()
    #expect(names.contains("convolution to weights"))
    #expect(names.filter { $0.contains("layer") } == [])
  }
}

extension String {
  fileprivate var hashed: UInt64 { utf8.reduce(5381) { $0 &* 33 &+ UInt64($1) } }
}

extension Tensor {
  /// Every number moved by up to its last digit.
  fileprivate func jittered(_ random: Random) throws -> Tensor {
    try Tensor(shape) { moved in
      withValues { values in
        for index in values.indices {
          moved[index] = values[index] * (1 + 1.2e-7 * (2 * random.uniform(index) - 1))
        }
      }
    }
  }
}
