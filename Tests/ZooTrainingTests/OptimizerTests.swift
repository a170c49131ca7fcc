import TestSupport
import Testing
import ZooEngine
import ZooKit
import ZooTraining

struct OptimizerTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    var options: Descent.Options
    var rate = 0.05
    var schedule: any Schedule = Constant()

    var testDescription: String { name }
  }

  static let steps = 50

  static let cases: [Case] = [
    .init(name: "sgd plain", options: .init(SGD(momentum: 0))),
    .init(name: "sgd", options: .init(SGD(), weightDecay: 1e-2)),
    .init(
      name: "sgd nesterov",
      options: .init(SGD(nesterov: true), weightDecay: 1e-2, decayed: .everything)),
    .init(
      name: "sgd dampened",
      options: .init(SGD(momentum: 0.8, dampening: 0.3), weightDecay: 1e-2)),
    .init(name: "sgd clipped", options: .init(SGD(), clipping: 1.5)),
    .init(name: "adam", options: .init(Adam()), rate: 0.01),
    .init(
      name: "adam decay",
      options: .init(
        Adam(beta1: 0.8, beta2: 0.95, epsilon: 1e-6), weightDecay: 0.1, decayed: .everything),
      rate: 0.01),
    .init(name: "adamw", options: .init(AdamW(), weightDecay: 0.1), rate: 0.01),
    .init(
      name: "adamw cosine", options: .init(AdamW(), weightDecay: 0.1, averaging: .exponential(0.9)),
      rate: 0.01,
      schedule: CosineDecay(steps: steps)),
    .init(
      name: "adamw onecycle", options: .init(AdamW(), weightDecay: 0.1), rate: 0.01,
      schedule: OneCycle(steps: steps + 1)),
    .init(name: "rmsprop", options: .init(RMSprop(), weightDecay: 0.05), rate: 0.01),
    .init(
      name: "rmsprop centered",
      options: .init(RMSprop(alpha: 0.9, momentum: 0.9, centered: true), weightDecay: 0.05),
      rate: 0.01),
  ]

  /// Kernels, biases and a norm, in the order of the golden arrays.
  static func plan(_ trainable: @escaping @Sendable (Parameter) -> Bool = { _ in true }) throws
    -> TrainingPlan
  {
    let graph = try Graph { input in
      let x = input("x", [6]).stage("first") { $0.dense("a", to: 5).batchNorm("n").relu() }
      return ["logits": x.stage(Stage.head) { $0.dense("fc", to: 3) }]
    }
    var options = TrainingPlan.Options()
    options.trainable = trainable
    return try TrainingPlan(graph, Formula.weights(for: graph), batch: 2, options: options)
  }

  /// Half of the parameter's value plus noise: the gradient for every optimiser here.
  static func setGradients(_ plan: TrainingPlan, _ step: Int) {
    plan.update { values, gradients in
      for slot in plan.slots {
        let name = "\(slot.parameter.name) \(step)"
        for (index, place) in slot.range.enumerated() {
          gradients[place] = 0.5 * values[place] + Formula.unit(name, index)
        }
      }
    }
  }

  static func values(_ weights: Weights, _ plan: TrainingPlan) -> [Float] {
    plan.slots.flatMap { weights[$0.parameter.name]?.values ?? [] }
  }

  static func step(_ one: Case, _ descent: inout Descent, _ plan: TrainingPlan, _ step: Int) throws
  {
    setGradients(plan, step)
    try descent.step(
      plan, rate: one.rate * one.schedule.factor(at: step),
      momentum: one.schedule.momentum(at: step), gradientNorm: descent.gradientNorm(plan))
  }

  @Test(arguments: cases) func trajectoryAsInPyTorch(_ one: Case) throws {
    let plan = try OptimizerTests.plan()
    var descent = try Descent(one.options, for: plan)
    for step in 0..<OptimizerTests.steps { try OptimizerTests.step(one, &descent, plan, step) }
    let found = OptimizerTests.values(try descent.weights(plan), plan)
    let golden = try GoldenFile("training/optimizers.safetensors").values(one.name)
    #expect(relativeError(found, golden) < 1e-6)
  }

  @Test func everyGoldenHasItsCase() throws {
    let names = try GoldenFile("training/optimizers.safetensors").names
    #expect(Set(names) == Set(OptimizerTests.cases.map(\.name)))
  }

  /// The state survives a round trip through arrays exactly.
  @Test(arguments: cases) func restoredToTheBit(_ one: Case) throws {
    let (plan, twin) = (try OptimizerTests.plan(), try OptimizerTests.plan())
    var descent = try Descent(one.options, for: plan)
    for step in 0..<7 { try OptimizerTests.step(one, &descent, plan, step) }
    plan.update { values, _ in
      twin.update { copies, _ in _ = copies.update(from: values) }
    }
    var other = try Descent(one.options, for: twin)
    let arrays = descent.arrays
    try other.restore(
      { name in try #require(arrays.first { $0.name == name }).values }, ages: descent.ages,
      in: "x.h5")
    for step in 7..<12 {
      try OptimizerTests.step(one, &descent, plan, step)
      try OptimizerTests.step(one, &other, twin, step)
    }
    #expect(
      try OptimizerTests.values(descent.weights(plan), plan)
        == OptimizerTests.values(other.weights(twin), twin))
    #expect(throws: ZooError.self) {
      try other.restore({ _ in try Tensor(zeros: [3]) }, ages: [:], in: "x.h5")
    }
  }

  /// When a stage thaws, the head's optimiser state is kept, and the stage's first step is a first
  /// step.
  @Test func memoryFollowsWhatThaws() throws {
    let one = OptimizerTests.Case(
      name: "adam", options: .init(Adam(), averaging: .exponential(0.5)), rate: 0.01)
    let isHead: @Sendable (Parameter) -> Bool = { $0.name.hasPrefix("fc") }
    let (head, whole) = (try OptimizerTests.plan(isHead), try OptimizerTests.plan())
    var descent = try Descent(one.options, for: head)
    var never = try Descent(one.options, for: head)
    for step in 0..<5 { try OptimizerTests.step(one, &descent, head, step) }
    #expect(descent.ages == ["fc.weight": 5, "fc.bias": 5])
    let before = descent.arrays
    whole.update { values, _ in
      head.update { learned, _ in
        for (slot, place) in zip(whole.slots.suffix(2), head.slots) {
          for (to, from) in zip(slot.range, place.range) { values[to] = learned[from] }
        }
      }
    }
    try descent.adopt(whole)
    #expect(descent.ages["a.weight"] == 0 && descent.ages["fc.bias"] == 5)
    for ((name, old), (_, new)) in zip(before, descent.arrays) {
      for (slot, place) in zip(whole.slots.suffix(2), head.slots) {
        #expect(Array(new.values[slot.range]) == Array(old.values[place.range]), "\(name)")
      }
    }
    try OptimizerTests.step(one, &descent, whole, 5)
    #expect(descent.ages["a.weight"] == 1 && descent.ages["fc.bias"] == 6)
    // Adam's first step has the same size, whatever the gradient.
    let start = try Formula.parameter("a.bias", [5]).values
    let moved = try whole.weights["a.bias"]?.values ?? []
    #expect(zip(start, moved).allSatisfy { abs(abs($0 - $1) - 0.01) < 1e-4 })
    try never.adopt(head)
    #expect(never.ages == ["fc.weight": 0, "fc.bias": 0])
  }

  @Test func layersLearnSlowerTheDeeperTheyLie() throws {
    let plan = try OptimizerTests.plan()
    let factors = Descent.rateFactors(plan.graph, 0.5)
    #expect(factors["fc.weight"] == 1 && factors["n.bias"] == 0.5 && factors["a.weight"] == 0.5)
    var descent = try Descent(.init(SGD(momentum: 0), layerDecay: 0.5), for: plan)
    let before = OptimizerTests.values(try plan.weights, plan)
    plan.update { _, gradients in gradients.update(repeating: 1) }
    try descent.step(plan, rate: 0.25, gradientNorm: 1)
    let after = OptimizerTests.values(try plan.weights, plan)
    let head = before.count - 18
    for index in before.indices {
      #expect(abs(before[index] - after[index] - (index < head ? 0.125 : 0.25)) < 1e-6)
    }
  }

  /// A million parameters are split over threads.
  @Test func sameOnAnyNumberOfThreads() throws {
    let graph = try Graph { input in ["logits": input("x", [1000]).dense("fc", to: 1000)] }
    let weights = try Formula.weights(for: graph)
    let threads = Threads.count
    defer { Threads.count = threads }
    let found = try [1, 2, 3].map { count in
      Threads.count = count
      let plan = try TrainingPlan(graph, weights, batch: 1)
      var descent = try Descent(
        .init(AdamW(), clipping: 1, averaging: .exponential(0.9)), for: plan)
      for step in 0..<2 {
        try OptimizerTests.step(.init(name: "", options: descent.options), &descent, plan, step)
      }
      return OptimizerTests.values(try descent.weights(plan), plan)
    }
    #expect(found[0] == found[1] && found[0] == found[2])
  }

  @Test func aGradientThatIsNoNumberShows() throws {
    let plan = try OptimizerTests.plan()
    let descent = try Descent(.init(), for: plan)
    OptimizerTests.setGradients(plan, 0)
    #expect(descent.gradientNorm(plan).isFinite)
    plan.update { _, gradients in gradients[3] = .nan }
    #expect(!descent.gradientNorm(plan).isFinite)
    plan.update { _, gradients in gradients[3] = -.infinity }
    #expect(!descent.gradientNorm(plan).isFinite)
    // 10³⁰ is large but finite.
    plan.update { _, gradients in gradients[3] = 1e30 }
    #expect(descent.gradientNorm(plan) > 1e29)
  }
}
