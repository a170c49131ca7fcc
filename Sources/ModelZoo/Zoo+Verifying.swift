import ZooEngine
import ZooKit
import ZooStore

extension Golden {
  /// Runs a network once on a seeded input. Another machine's arithmetic may differ in the last
  /// digits; damaged weights or other preprocessing differ in the first.
  public init(of graph: Graph, _ weights: Weights, seed: Int = 1, tolerance: Double = 1e-4) throws {
    let shape = graph.operations[graph.inputs[0].operation].shape
    let golden = Input.seed(seed, shape)
    self.init(
      input: golden, output: try golden.output(of: graph, weights, engine: .openblas),
      tolerance: tolerance)
  }
}

extension Golden.Input {
  /// The output for this input. A network of several stages gives all outputs, concatenated; its
  /// other inputs are generated from a seed too.
  func output(of graph: Graph, _ weights: Weights, engine: EngineChoice) throws -> Tensor {
    let expected = graph.operations[graph.inputs[0].operation].shape
    func check(_ shape: Shape) throws {
      guard shape.rank == 4, shape[0] > 0, shape.sizes.dropFirst().elementsEqual(expected.sizes)
      else {
        throw ZooError.corrupt("the golden input is \(shape); expected a batch of \(expected)")
      }
    }
    let batch: Tensor
    switch self {
    case .tensor(let tensor):
      try check(tensor.shape)
      batch = tensor
    case .seed(let seed, let shape):
      try check(Shape([1] + shape.sizes))
      let key = Random(seed: UInt64(bitPattern: Int64(seed))).key("golden")
      batch = try Tensor(Shape([1] + shape.sizes)) { values in
        for index in values.indices { values[index] = 2 * key.uniform(index) - 1 }
      }
    }
    let plan = try InferencePlan(
      graph, weights, batch: batch.shape[0], engine: try engine.engine())
    var inputs = [plan.inputs[0].name: batch]
    for (name, shape) in plan.inputs.dropFirst() {
      let key = Random(seed: 1).key("golden").key(name)
      inputs[name] = try Tensor(Shape([batch.shape[0]] + shape.sizes)) { values in
        for index in values.indices { values[index] = 2 * key.uniform(index) - 1 }
      }
    }
    let values = try plan.run(inputs)
    let outputs = graph.outputs.compactMap { values[$0.name] }
    guard let first = outputs.first, outputs.count == graph.outputs.count else {
      throw ZooError.failure("the network gives no \(graph.outputs.map(\.name))")
    }
    if outputs.count == 1 { return first }
    return try Tensor([outputs.reduce(0) { $0 + $1.count }], outputs.flatMap(\.values))
  }
}

extension Model {
  /// The result of ``Zoo/verify(_:engine:)``.
  public struct Verification: Sendable {
    public let tensors: Int
    /// ‖found − expected‖₂ / ‖expected‖₂ of the golden pass; nil if the file has none.
    public let error: Double?
    public let tolerance: Double?

    public var isGood: Bool { error.map { $0 <= tolerance ?? 0 } ?? true }
  }
}

extension Zoo {
  /// Reads a whole checkpoint, verifies every digest, and repeats its golden pass.
  public func verify(_ path: String, engine: EngineChoice = .auto) throws -> Model.Verification {
    let model = try Model(contentsOf: path, registry: registry)
    guard let golden = try WeightStore(ofModel: path).golden() else {
      return .init(tensors: model.weights.count, error: nil, tolerance: nil)
    }
    let found: Tensor
    do {
      found = try golden.input.output(of: model.graph, model.weights, engine: engine)
    } catch let error as ZooError where error.kind == .corrupt {
      throw ZooError.corrupt("\(path): \(error.message)")
    }
    guard found.shape == golden.output.shape else {
      throw ZooError.corrupt(
        "\(path): the golden output is \(golden.output.shape), the network gives \(found.shape)")
    }
    var difference = 0.0, norm = 0.0
    for (x, y) in zip(found.values, golden.output.values) {
      difference += (Double(x) - Double(y)) * (Double(x) - Double(y))
      norm += Double(y) * Double(y)
    }
    let error = (difference / max(norm, .leastNormalMagnitude)).squareRoot()
    return .init(
      tensors: model.weights.count, error: error.isFinite ? error : .infinity,
      tolerance: golden.tolerance)
  }
}
