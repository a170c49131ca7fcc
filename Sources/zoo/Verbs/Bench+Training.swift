import ModelZoo
import ZooArguments

extension BenchVerb {
  /// The stretch to freeze while the rest learns.
  enum Freezing: String, CaseIterable, ArgumentValue { case none, backbone }

  /// One step of training: forward, the cross-entropy's gradient, backward, SGD with momentum.
  ///
  /// Picture `i` has class `37·i` modulo the number of classes, so that others can reproduce the
  /// losses.
  final class TrainingStep: Workload {
    private let plan: TrainingPlan
    private let inputs: [String: Tensor]
    private let output: String
    private let random = Random(seed: 0)
    private var step = 0
    private let labels: Target
    private var descent: Descent
    private(set) var loss: Double?

    init(
      _ graph: Graph, _ weights: Weights, _ images: Tensor, freezing: Freezing,
      _ engine: some Engine
    ) throws {
      var options = TrainingPlan.Options()
      if freezing == .backbone {
        let head = graph.operations(in: Stage.head).flatMap { graph.operations[$0].parameters }
        let names = Set(head.map(\.name))
        options.trainable = { names.contains($0.name) }
        options.frozenNorms = [Stage.backbone]
      }
      plan = try TrainingPlan(
        graph, weights, batch: images.shape[0], options: options, engine: engine)
      inputs = [graph.inputs[0].name: images]
      output = graph.outputs[0].name
      let classes = graph.operations[graph.outputs[0].operation].shape.count
      labels = .classes((0..<images.shape[0]).map { Int32(37 * $0 % classes) })
      descent = try Descent(.init(SGD(momentum: 0.9)), for: plan)
    }

    var arenaBytes: Int { plan.arenaBytes }
    func profile() throws -> ProfileTable? { nil }
    func outputs() throws -> Weights { Weights() }

    func run() throws {
      try plan.forward(inputs, random: random.key(step))
      let found = try CrossEntropy()(plan.value(output), labels)
      loss = found.value
      try plan.backward([output: found.gradient])
      // Nothing is clipped, so the norm is not needed.
      try descent.step(plan, rate: 1e-3, gradientNorm: 0)
      step += 1
    }
  }
}
