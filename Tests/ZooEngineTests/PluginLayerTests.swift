import TestSupport
import Testing
import ZooEngine
import ZooKit

/// Layers that the host has never heard of, and what engines do with them for what they say of
/// themselves.
struct PluginLayerTests {
  private func graph(_ activation: some Layer) throws -> Graph {
    try Graph { input in
      let x = input("image", [3, 8, 8])
        .callLayer(Mixing(outputs: 16), "mix").callLayer(Gain(), "gain")
        .callLayer(activation, "act")
        .conv("conv", to: 16, kernel: 3, padding: 1, bias: false).callLayer(Gain(), "gain2")
        .callLayer(activation, "act2")
      return ["y": x.globalAveragePool().callLayer(Vector(), "vector").dense("fc", to: 4)]
    }
  }

  private func engines() throws -> [any Engine] {
    try [LayerEngine()] + (OneDNN.isHere ? [OneDNNEngine()] : [])
  }

  /// Their norms are folded, into the host's layers and into their own, and their functions are
  /// epilogues.
  @Test func areFoldedAndFused() throws {
    let graph = try graph(Softsign())
    let weights = try Formula.weights(for: graph)
    let program = try Program(graph, weights).simplified()
    #expect(
      program.steps.map(\.layer.kind) == ["mixing", "conv", "adaptiveavgpool", "vector", "dense"])
    for step in program.steps.prefix(2) {
      #expect(step.epilogue.map(\.layer.kind) == ["softsign"])
    }
    let input = try Formula.tensor("image", [2, 3, 8, 8])
    let plain = PlainRun(graph, weights, batch: 2)
    try plain.forward(input)
    for engine in try engines() {
      let executable = try engine.compile(program, batch: 2)
      let outputs = try executable.outputs(program, [input])
      #expect(error(try #require(outputs["y"]), plain.values[graph.outputs[0].operation]) <= 1e-5)
    }
  }

  /// A function goes over blocks of channels as they lie, in inference and in training.
  @Test(.enabled(if: OneDNN.isHere, "oneDNN is not installed"))
  func functionsReadEveryLayout() throws {
    let graphs = try [graph(Softsign()), graph(Activation.silu)]
    let reorders = try graphs.map { graph in
      try InferencePlan(graph, Formula.weights(for: graph), batch: 2, engine: OneDNNEngine())
        .stages.count { $0.kind == "reorder" }
    }
    #expect(reorders[0] <= reorders[1])
    let plan = try TrainingPlan(
      graphs[0], Formula.weights(for: graphs[0]), batch: 2, engine: OneDNNEngine())
    plan.startProfile()
    try plan.forward(["image": Formula.tensor("image", [2, 3, 8, 8])])
    try plan.backward(["y": Formula.tensor("seed", [2, 4])])
    #expect(plan.profile.keys.contains("softsign backward"))
    #expect(!plan.profile.keys.contains { $0.hasPrefix("softsign layer") })
    #expect(!plan.profile.keys.contains { $0.hasPrefix("vector") })
  }

  /// What does not depend on the mode is frozen like the host's own; what says nothing is not.
  @Test func aFrozenPrefixContainsThem() throws {
    var options = TrainingPlan.Options()
    options.trainable = { $0.name.hasPrefix("fc") }
    let (prefix, rest) = try #require(try graph(Softsign()).splitFrozen(options))
    #expect(prefix.operations.contains { $0.layer is Softsign })
    #expect(rest.operations.map(\.layer.kind) == ["input", "dense"])
    let (before, _) = try #require(try graph(Silent()).splitFrozen(options))
    #expect(before.operations.map(\.name) == ["image", "mix", "gain"])
  }

  /// Training as the layers do it, through everything that they say.
  @Test(.enabled(if: OneDNN.isHere, "oneDNN is not installed"))
  func learnTheSameOnEveryEngine() throws {
    let graph = try graph(Softsign())
    let weights = try Formula.weights(for: graph)
    let gradients = try engines().map { engine in
      let plan = try TrainingPlan(graph, weights, batch: 2, engine: engine)
      try plan.forward(["image": Formula.tensor("image", [2, 3, 8, 8])])
      try plan.backward(["y": Formula.tensor("seed", [2, 4])])
      return plan.update { _, gradients in Array(gradients) }
    }
    #expect(error(gradients[1], gradients[0]) <= 1e-5)
  }
}

/// y = x / (1 + |x|)
private struct Softsign: Layer {
  var kind: String { "softsign" }
  var isElementwise: Bool { true }
  var needs: Needs { .inputs }
  func output(_ inputs: [Shape]) throws -> Shape { inputs[0] }
  func forward(_ pass: Pass) {
    let (x, y) = (pass.inputs[0].pointer, pass.output.pointer)
    for i in 0..<pass.output.count { y[i] = x[i] / (1 + abs(x[i])) }
  }
  func backward(_ pass: Pass, _ gradients: Gradients) {
    guard let dx = gradients.inputs[0]?.pointer else { return }
    let (x, dy) = (pass.inputs[0].pointer, gradients.output.pointer)
    for i in 0..<pass.output.count { dx[i] += dy[i] / ((1 + abs(x[i])) * (1 + abs(x[i]))) }
  }
}

/// The same, but it says nothing of itself.
private struct Silent: Layer {
  var kind: String { "silent" }
  func output(_ inputs: [Shape]) throws -> Shape { inputs[0] }
  func forward(_ pass: Pass) { Softsign().forward(pass) }
  func backward(_ pass: Pass, _ gradients: Gradients) { Softsign().backward(pass, gradients) }
}

/// Each channel times a number that is learned.
private struct Gain: Layer {
  var kind: String { "gain" }
  var needs: Needs { .inputs }
  var inPlace: Bool { true }
  var dependsOnMode: Bool { false }
  func output(_ inputs: [Shape]) throws -> Shape { inputs[0] }
  func parameters(_ inputs: [Shape]) -> [Parameter] {
    [Parameter("gain", [inputs[0][0]], .scale)]
  }
  func channelNorm(_ constants: [Tensor]) -> ChannelNorm? {
    try? ChannelNorm(scale: constants[0], shift: Tensor(zeros: constants[0].shape))
  }
  func forward(_ pass: Pass) {
    let (x, y) = (pass.inputs[0], pass.output)
    let plane = y.stride / y.shape[0]
    for i in 0..<y.count {
      y.pointer[i] = x.pointer[i] * pass.parameters[0].pointer[i / plane % y.shape[0]]
    }
  }
  func backward(_ pass: Pass, _ gradients: Gradients) {
    let (x, dy) = (pass.inputs[0], gradients.output)
    let plane = dy.stride / dy.shape[0]
    for i in 0..<dy.count {
      let channel = i / plane % dy.shape[0]
      gradients.inputs[0]?.pointer[i] += dy.pointer[i] * pass.parameters[0].pointer[channel]
      gradients.parameters[0]?.pointer[channel] += dy.pointer[i] * x.pointer[i]
    }
  }
}

/// A convolution of a plugin's own.
private struct Mixing: Layer {
  var inner: Convolution
  init(outputs: Int) { inner = Convolution(outputs: outputs, window: Window(1), bias: false) }
  var kind: String { "mixing" }
  var needs: Needs { .inputs }
  var dependsOnMode: Bool { false }
  var linearMap: LinearMap? {
    var biased = self
    biased.inner.bias = true
    return LinearMap(outputAxis: 0, biased: biased)
  }
  func output(_ inputs: [Shape]) throws -> Shape { try inner.output(inputs) }
  func parameters(_ inputs: [Shape]) -> [Parameter] { inner.parameters(inputs) }
  func forward(_ pass: Pass) throws { try inner.forward(pass) }
  func backward(_ pass: Pass, _ gradients: Gradients) throws {
    try inner.backward(pass, gradients)
  }
}

/// A map as a vector.
private struct Vector: Layer {
  var kind: String { "vector" }
  var needs: Needs { [] }
  var inPlace: Bool { true }
  var isIdentity: Bool { true }
  var dependsOnMode: Bool { false }
  func output(_ inputs: [Shape]) throws -> Shape { [inputs[0].count] }
  func forward(_ pass: Pass) { Reshape().forward(pass) }
  func backward(_ pass: Pass, _ gradients: Gradients) { Reshape().backward(pass, gradients) }
}
