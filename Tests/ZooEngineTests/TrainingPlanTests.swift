import TestSupport
import Testing
import ZooEngine
import ZooKit

struct TrainingPlanTests {
  /// Values, gradients and running statistics of 200 random networks, to the bit, although the
  /// plan lets values share memory: with noise, with gradients from several places, for every rule.
  @Test(arguments: 0..<4)
  func sharesMemoryWithoutATrace(round: Int) throws {
    for seed in round * 50..<(round + 1) * 50 {
      let random = try RandomGraph(seed)
      let key = Random(seed: 9).key(seed)
      let mode = { (operation: Graph.Operation) in Mode.training(key.key(operation.name)) }
      let rule = [Rule.plain, .guided, .deconvnet][seed % 3]
      let input = try random.input(batch: 2)
      let names = ["logits", "maps"] + random.kept
      var options = TrainingPlan.Options()
      options.seeds = names
      options.gradients = ["image", random.kept[0]]
      options.keeping = random.kept
      let plan = try TrainingPlan(
        random.graph, random.weights, batch: 2, options: options)
      let plain = PlainRun(
        random.graph, random.weights, batch: 2, roots: names.map(random.graph.place))

      // A second step finds what the first left behind.
      for _ in 0..<2 {
        try plan.forward(["image": input], random: key)
        try plain.forward(input, mode: mode)
        var (named, planted): ([String: Tensor], [Int: Tensor]) = ([:], [:])
        for name in Set(["logits", "maps", random.kept[1]]) {
          let value = try plan.value(name)
          let operation = random.graph.place(name)
          #expect(value.values == plain.values[operation], "\(random) \(name)")
          guard planted[operation] == nil else { continue }
          named[name] = try Formula.tensor("seed \(name)", value.shape)
          planted[operation] = named[name]
        }
        try plan.backward(named, rule: rule)
        try plain.backward(planted, mode: mode, rule: rule)

        let learning = plan.slots.map(\.parameter)
        #expect(plain.parameterGradients.keys.allSatisfy { learning.map(\.name).contains($0) })
        for parameter in learning {
          let zeros = [Float](repeating: 0, count: parameter.shape.count)
          #expect(
            try plan.gradient(of: parameter.name).values
              == plain.parameterGradients[parameter.name] ?? zeros, "\(random) \(parameter.name)")
        }
        for name in options.gradients {
          let operation = random.graph.place(name)
          let zeros = plain.values[operation].map { _ in 0 as Float }
          #expect(try plan.gradient(of: name).values == plain.gradients[operation] ?? zeros)
        }
        let weights = try plan.weights
        #expect(weights.names == random.graph.parameters.map(\.name))
        for (name, tensor) in weights { #expect(tensor.values == plain.parameters[name]) }
      }
    }
  }

  /// Σ r·y over a smooth network against differences of its own forward pass: a step along a
  /// random direction in all parameters at once, and one in the input.
  @Test(arguments: 0..<6)
  func gradientsAreSlopes(seed: Int) throws {
    let graph = try Graph { input in
      let x = input("image", [2, 6, 6])
      let a = x.conv("a", to: 3, kernel: 3, padding: 1).batchNorm("na").silu()
      let b = a.conv("b", to: 3, kernel: 3, padding: 1, bias: false).batchNorm("nb").add(a).tanh()
      let c = b.concatenate(x).conv("c", to: 4, kernel: 3, stride: 2).mish()
      return ["logits": c.globalAveragePool().flatten().dense("fc", to: 3)]
    }
    var options = TrainingPlan.Options()
    options.gradients = ["image"]
    let plan = try TrainingPlan(graph, Formula.weights(for: graph), batch: 3, options: options)
    let input = try Formula.tensor("image \(seed)", [3, 2, 6, 6])
    let slope = try Formula.tensor("slope \(seed)", [3, 3])

    func loss(_ input: Tensor) throws -> Double {
      try plan.forward(["image": input])
      return zip(slope.values, try plan.value("logits").values).reduce(0) {
        $0 + Double($1.0) * Double($1.1)
      }
    }
    func step(_ size: Float) {
      plan.update { values, _ in
        for slot in plan.slots {
          for index in slot.range { values[index] += size * Formula.unit("way \(seed)", index) }
        }
      }
    }
    func moved(_ size: Float) throws -> Tensor {
      try Tensor(
        input.shape,
        input.values.enumerated().map {
          $1 + size * Formula.unit("input way \(seed)", $0)
        })
    }
    _ = try loss(input)
    try plan.backward(["logits": slope])
    var rise = 0.0
    for slot in plan.slots {
      let gradient = try plan.gradient(of: slot.parameter.name).values
      for (place, value) in zip(slot.range, gradient) {
        rise += Double(value) * Double(Formula.unit("way \(seed)", place))
      }
    }
    let inputRise = try plan.gradient(of: "image").values.enumerated().reduce(0.0) {
      $0 + Double($1.element) * Double(Formula.unit("input way \(seed)", $1.offset))
    }

    // Richardson's step over central differences.
    func slopeOf(_ loss: (Float) throws -> Double) rethrows -> Double {
      func difference(_ h: Float) throws -> Double { (try loss(h) - loss(-h)) / Double(2 * h) }
      return (4 * (try difference(0x1p-7)) - (try difference(0x1p-6))) / 3
    }
    let found = try slopeOf { size in
      step(size)
      defer { step(-size) }
      return try loss(input)
    }
    let inputFound = try slopeOf { try loss(moved($0)) }
    #expect(abs(rise - found) <= 1e-3 * max(abs(rise), 0.1), "\(rise) \(found)")
    #expect(abs(inputRise - inputFound) <= 1e-3 * max(abs(inputRise), 0.1))
  }

  @Test func aFrozenBackboneDoesNotRunBackward() throws {
    let graph = try residual()
    let weights = try Formula.weights(for: graph)
    var options = TrainingPlan.Options()
    options.trainable = { $0.name.hasPrefix("fc") }
    options.frozenNorms = [Stage.backbone]
    let frozen = try TrainingPlan(graph, weights, batch: 2, options: options)
    let whole = try TrainingPlan(graph, weights, batch: 2)
    #expect(frozen.slots.map(\.parameter.name) == ["fc.weight", "fc.bias"])
    #expect(frozen.arenaBytes < whole.arenaBytes / 2)

    let input = try Formula.tensor("image", [2, 4, 6, 6])
    let seed = try Formula.tensor("seed", [2, 3])
    try frozen.forward(["image": input])
    try frozen.backward(["logits": seed])
    #expect(frozen.stages.filter { $0.kernel == "layer backward" }.map(\.step) == ["fc"])
    // Nothing but the head can have moved.
    for (name, tensor) in try frozen.weights { #expect(tensor.values == weights[name]?.values) }
    #expect(throws: ZooError.self) { try frozen.gradient(of: "conv1.weight") }
    // The running statistics were used: the same logits as in inference.
    let program = try Program(graph, weights)
    let inference = try LayerEngine().compile(program, batch: 2).outputs(program, [input])
    #expect(try frozen.value("logits").values == inference["logits"])
  }

  @Test func whatNoSeedDependsOnDoesNotLearn() throws {
    let graph = try Graph { input in
      let x = input("image", [2, 2, 2]).flatten()
      return ["a": x.dense("a", to: 2), "b": x.dense("b", to: 2)]
    }
    var options = TrainingPlan.Options()
    options.seeds = ["a"]
    let weights = try Formula.weights(for: graph)
    let plan = try TrainingPlan(graph, weights, batch: 1, options: options)
    #expect(plan.slots.map(\.parameter.name) == ["a.weight", "a.bias"])
    #expect(throws: ZooError.self) { try plan.gradient(of: "b.bias") }
    plan.update { values, _ in values.update(repeating: 0) }
    #expect(try plan.weights["a.weight"]?.values.contains { $0 != 0 } == false)
    #expect(try plan.weights["b.weight"]?.values == weights["b.weight"]?.values)
  }

  @Test func normsFreezeOneByOne() throws {
    let graph = try residual()
    let weights = try Formula.weights(for: graph)
    var options = TrainingPlan.Options()
    options.frozenNorms = ["norm1"]
    let plan = try TrainingPlan(graph, weights, batch: 2, options: options)
    try plan.forward(["image": Formula.tensor("image", [2, 4, 6, 6])])
    try plan.backward(["logits": Formula.tensor("seed", [2, 3])])
    let after = try plan.weights
    for name in ["norm1.running_mean", "norm1.running_var"] {
      #expect(after[name]?.values == weights[name]?.values)
    }
    #expect(after["norm2.running_mean"]?.values != weights["norm2.running_mean"]?.values)
    // Scale and shift of a frozen norm may still learn.
    #expect(try plan.gradient(of: "norm1.weight").values.contains { $0 != 0 })
  }

  /// A detector's way: what the second graph says about its input is a seed of the first, beside
  /// a loss that the first has itself.
  @Test func twoStagesLearnAsOne() throws {
    func first(_ x: Node) -> (features: Node, logits: Node) {
      let features = x.conv("conv", to: 3, kernel: 3).batchNorm("norm").relu()
      return (features, features.conv("objectness", to: 1, kernel: 1))
    }
    func second(_ x: Node) -> Node { x.flatten().dense("fc", to: 2) }
    let image: Shape = [2, 6, 6]
    let whole = try Graph { input in
      let (features, logits) = first(input("image", image))
      return ["objectness": logits, "classes": second(features)]
    }
    let stages = try [
      Graph { input in
        let (features, logits) = first(input("image", image))
        return ["objectness": logits, "features": features]
      },
      Graph { ["classes": second($0("features", [3, 4, 4]))] },
    ]
    let weights = try Formula.weights(for: whole)
    let input = try Formula.tensor("image", [2, 2, 6, 6])
    let seeds = try [
      "objectness": Formula.tensor("a", [2, 1, 4, 4]), "classes": Formula.tensor("b", [2, 2]),
    ]
    let plan = try TrainingPlan(whole, weights, batch: 2)
    try plan.forward(["image": input])
    try plan.backward(seeds)

    var options = TrainingPlan.Options()
    options.gradients = ["features"]
    let plans = try [
      TrainingPlan(stages[0], weights, batch: 2),
      TrainingPlan(stages[1], weights, batch: 2, options: options),
    ]
    try plans[0].forward(["image": input])
    try plans[1].forward(["features": plans[0].value("features")])
    #expect(try plans[1].value("classes").values == plan.value("classes").values)
    try plans[1].backward(["classes": #require(seeds["classes"])])
    try plans[0].backward([
      "features": plans[1].gradient(of: "features"), "objectness": #require(seeds["objectness"]),
    ])
    for stage in plans {
      for name in stage.slots.map(\.parameter.name) {
        let (found, expected) = try (stage.gradient(of: name), plan.gradient(of: name))
        #expect(error(found.values, expected.values) <= 1e-6, "\(name)")
      }
    }
  }

  @Test func gradientsAddUpWhenAsked() throws {
    let graph = try residual()
    let plan = try TrainingPlan(graph, Formula.weights(for: graph), batch: 2)
    let input = try Formula.tensor("image", [2, 4, 6, 6])
    let seed = try Formula.tensor("seed", [2, 3])
    func gradient(accumulating: Bool) throws -> [Float] {
      try plan.forward(["image": input])
      try plan.backward(["logits": seed], accumulating: accumulating)
      return try plan.gradient(of: "conv2.weight").values
    }
    let once = try gradient(accumulating: false)
    #expect(try gradient(accumulating: false) == once)
    #expect(error(try gradient(accumulating: true), once.map { 2 * $0 }) <= 1e-6)
  }

  @Test func drawsFromTheKeyOfTheStep() throws {
    let graph = try Graph { input in
      let x = input("image", [4, 8, 8])
      return ["a": x.dropout(), "b": x.dropout()]
    }
    var options = TrainingPlan.Options()
    let noisy = try TrainingPlan(graph, Weights(), batch: 1, options: options)
    options.noise = false
    let quiet = try TrainingPlan(graph, Weights(), batch: 1, options: options)
    let input = try Formula.tensor("image", [1, 4, 8, 8])
    func drawn(_ plan: TrainingPlan, _ name: String, _ seed: UInt64) throws -> [Float] {
      try plan.forward(["image": input], random: Random(seed: seed))
      return try plan.value(name).values
    }
    #expect(try drawn(noisy, "a", 1) == drawn(noisy, "a", 1))
    #expect(try drawn(noisy, "a", 1) != drawn(noisy, "a", 2))
    #expect(try drawn(noisy, "a", 1) != drawn(noisy, "b", 1))
    #expect(try drawn(quiet, "a", 1) == input.values)
  }

  @Test func saysWhatDoesNotFit() throws {
    let graph = try residual()
    let weights = try Formula.weights(for: graph)
    let plan = try TrainingPlan(graph, weights, batch: 2)
    let input = try Formula.tensor("image", [2, 4, 6, 6])
    let seed = try Formula.tensor("seed", [2, 3])
    func message(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "nothing"
      } catch { return "\(error)" }
    }
    #expect(
      message { try plan.forward([:]) } == "the network takes an input image of 4×6×6")
    #expect(
      message { try plan.forward(["image": seed]) } == "image is 2×3, the plan takes 2×4×6×6")
    #expect(message { try plan.backward(["logits": seed]) }.contains("forward pass"))
    try plan.forward(["image": input])
    #expect(message { try plan.backward(["logit": seed]) }.contains("logits"))
    #expect(
      message { try plan.backward(["logits": input]) }
        == "the gradient of logits is 2×4×6×6, the plan takes 2×3")
    try plan.backward(["logits": seed])
    #expect(message { try plan.backward(["logits": seed]) }.contains("forward pass"))
    #expect(message { _ = try plan.value("relu") } == "the value relu was not kept")
    #expect(message { _ = try plan.gradient(of: "fc.weigth") }.contains("fc.weight"))

    var missing = weights
    missing["norm2.bias"] = nil
    #expect(
      message { _ = try TrainingPlan(graph, missing, batch: 2) }
        == "the weights have no tensor norm2.bias")
    #expect(
      message { _ = try Program(graph, missing) } == "the weights have no tensor norm2.bias")
    missing["norm2.bias"] = seed
    #expect(
      message { _ = try Program(graph, missing) }
        == "norm2.bias is 2×3, the network expects 4")
    #expect(message { _ = try Program(graph, weights, keeping: ["conv3"]) }.contains("conv2"))
    var options = TrainingPlan.Options()
    options.frozenNorms = ["norm3"]
    #expect(
      message { _ = try TrainingPlan(graph, weights, batch: 2, options: options) }
        .contains("norm2"))
    #expect(message { _ = try TrainingPlan(graph, weights, batch: 0) }.contains("0"))
  }

  @Test func buildingSaysWhere() throws {
    let error = #expect(throws: ZooError.self) {
      try Graph { input in
        let x = input("image", [2, 8, 8])
        return ["y": x.scope("layer3.0") { $0.conv("conv1", to: 4, kernel: 3).add($0) }]
      }
    }
    let message = try #require(error?.message)
    #expect(
      message.hasPrefix("layer3.0.add: cannot add 4×6×6 and 2×8×8 — TrainingPlanTests.swift:"))
  }
}

extension Graph {
  fileprivate func place(_ name: String) -> Int {
    outputs.first { $0.name == name }?.operation ?? index(of: name)!
  }
}
