import ModelZoo

extension BenchVerb {
  /// A computation to time, one batch at a time.
  protocol Workload {
    func run() throws
    /// Bytes that the plan holds for values.
    var arenaBytes: Int { get }
    /// The loss of the latest batch, if there is one.
    var loss: Double? { get }
    /// The profile, if available.
    func profile() throws -> ProfileTable?
    /// The outputs, by name.
    func outputs() throws -> Weights
  }

  /// Pictures in, outputs out.
  struct InferenceRun: Workload {
    private let plan: InferencePlan
    private let inputs: [String: Tensor]
    private let names: [String]

    init(
      _ graph: Graph, _ weights: Weights, _ inputs: [String: Tensor], _ engine: some Engine
    ) throws {
      plan = try InferencePlan(
        graph, weights, batch: inputs.values.first?.shape[0] ?? 1, engine: engine)
      self.inputs = inputs
      names = graph.outputs.map(\.name)
    }

    func run() throws { _ = try plan.run(inputs) }
    var arenaBytes: Int { plan.arenaBytes }
    var loss: Double? { nil }
    func profile() throws -> ProfileTable? { try ProfileTable(plan, inputs) }

    func outputs() throws -> Weights {
      let values = try plan.run(inputs)
      return names.reduce(into: Weights()) { $0[$1] = values[$1] }
    }
  }
}
