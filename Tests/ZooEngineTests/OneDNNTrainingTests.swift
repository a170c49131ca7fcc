import TestSupport
import Testing
import ZooEngine
import ZooKit

/// Training on oneDNN against the layers themselves.
@Suite(.enabled(if: OneDNN.isHere, "oneDNN is not installed"))
struct OneDNNTrainingTests {
  /// Values, gradients and running statistics of 300 random networks over two steps: with noise,
  /// with gradients from several places, for every rule.
  @Test(arguments: 0..<6)
  func learnsWhatTheLayersDo(round: Int) throws {
    for seed in round * 50..<(round + 1) * 50 {
      let random = try RandomGraph(seed)
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
  @Test func learnsInBlocks() throws {
    let graph = try Graph { input in
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

  @Test func repeatsToTheBit() throws {
    let graph = try residual()
    let weights = try Formula.weights(for: graph)
    func learned() throws -> [[Float]] {
      let plan = try TrainingPlan(graph, weights, batch: 4, engine: OneDNNEngine())
      for step in 0..<3 {
        try plan.forward(["image": Formula.tensor("image \(step)", [4, 4, 6, 6])])
        try plan.backward(["logits": Formula.tensor("seed \(step)", [4, 3])])
        plan.update { values, gradients in
          for index in values.indices { values[index] -= 0.1 * gradients[index] }
        }
      }
      return try plan.weights.map(\.tensor.values)
    }
    #expect(try learned() == learned())
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

  /// A plan with a frozen beginning, and the two halves by themselves.
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

  @Test func keepsOnlyWhatTheWayBackReads() throws {
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

  /// Of what lies before a norm the gradient vanishes but for ε; rounding that is 10⁻⁷ of what
  /// cancels may be 10⁻⁴ of what is left. It stays below 5·10⁻⁶ of the whole gradient.
  private static let bound = 5e-4

  private func expectAgreement(
    _ graph: Graph, _ weights: Weights, batch: Int, _ options: TrainingPlan.Options,
    _ what: String, rule: Rule = .plain, winograd: Bool = false, _ bound: Double = Self.bound
  ) throws {
    let plain = try TrainingPlan(graph, weights, batch: batch, options: options)
    let plan = try TrainingPlan(
      graph, weights, batch: batch, options: options, engine: OneDNNEngine(winograd: winograd))
    let shape = graph.operations[graph.inputs[0].operation].shape
    let input = try Formula.tensor("image", Shape([batch] + shape.sizes))
    let seeded = options.seeds ?? graph.outputs.map(\.name)
    for step in 0..<2 {
      let key = Random(seed: 9).key(step)
      for each in [plain, plan] { try each.forward(["image": input], random: key) }
      var seeds: [String: Tensor] = [:]
      for name in Set(seeded) {
        let (found, expected) = (try plan.value(name), try plain.value(name))
        let error = error(found.values, expected.values)
        #expect(error <= bound, "\(what), step \(step), value of \(name): \(error)")
        // One that gets nothing has a gradient of zero.
        if name != seeded.first || seeded.count == 1 {
          seeds[name] = try Formula.tensor("seed \(name)", found.shape)
        }
      }
      for each in [plain, plan] {
        try each.backward(seeds, rule: rule, accumulating: step == 1)
      }
      let (learned, expected) = (try plan.weights, try plain.weights)
      #expect(learned.names == expected.names)
      for (name, tensor) in expected {
        let error = error(learned[name]?.values ?? [], tensor.values)
        #expect(error <= bound, "\(what), step \(step), \(name): \(error)")
      }
      #expect(plan.slots.map(\.parameter.name) == plain.slots.map(\.parameter.name))
      let gradients = plain.slots.map(\.parameter.name) + options.gradients.map { $0 }
      let whole = try gradients.reduce(0.0) {
        max($0, norm(try plain.gradient(of: $1).values))
      }
      for name in gradients {
        let (found, expected) = (try plan.gradient(of: name), try plain.gradient(of: name))
        let error =
          distance(found.values, expected.values) / max(norm(expected.values), 0.01 * whole, 1e-6)
        #expect(error <= bound, "\(what), step \(step), gradient of \(name): \(error)")
      }
    }
  }
}

extension String {
  fileprivate var hashed: UInt64 { utf8.reduce(5381) { $0 &* 33 &+ UInt64($1) } }
}
