import ZooKit

/// A network compiled for batches of one size: norms folded, activations and shortcuts fused, and
/// one arena. It keeps the weights it was made from.
///
/// ```swift
/// let plan = try InferencePlan(graph, weights, batch: 1, keeping: ["layer4"])
/// let values = try plan.run(["image": batch])
/// values["logits"]
/// ```
public final class InferencePlan {
  /// The inputs of `run`, without the batch.
  public let inputs: [(name: String, shape: Shape)]
  public let batch: Int
  private let outputs: [String]
  let executable: any Executable

  public init(
    _ graph: Graph, _ weights: consuming Weights, batch: Int, keeping: [String] = [],
    engine: some Engine = LayerEngine()
  ) throws {
    guard batch > 0 else { throw ZooError.usage("a batch of \(batch) pictures") }
    let program = try Program(graph, consume weights, keeping: keeping).simplified()
    self.batch = batch
    inputs = program.inputs.map { ($0.name, program.shapes[$0.value]) }
    outputs = program.outputs.map(\.name)
    executable = try engine.compile(consume program, batch: batch)
  }

  private init(copyOf other: InferencePlan, _ executable: any Executable) {
    (inputs, batch, outputs) = (other.inputs, other.batch, other.outputs)
    self.executable = executable
  }

  /// A plan for another thread, which shares the packed weights. May be called while this one runs.
  /// Nil if the engine must compile again.
  public func copy() throws -> InferencePlan? {
    try executable.copy().map { InferencePlan(copyOf: self, $0) }
  }

  /// Bytes of memory for values between steps.
  public var arenaBytes: Int { executable.arenaBytes }

  /// All outputs and kept values for a batch of inputs, each N×….
  /// - Parameters:
  ///   - values: the values of every input.
  ///   - clock: records the time of every stage.
  public func run(_ values: [String: Tensor], _ clock: StageClock? = nil) throws
    -> [String: Tensor]
  {
    var results: [String: Tensor] = [:]
    try run(values, clock) { views in
      for (name, view) in zip(outputs, views) {
        results[name] = try Tensor(Shape([batch] + view.shape.sizes)) {
          _ = $0.initialize(fromContentsOf: view.values)
        }
      }
    }
    return results
  }

  /// The closure can read the outputs in place.
  func run(
    _ values: [String: Tensor], _ clock: StageClock?, _ read: ([TensorView]) throws -> Void
  ) throws {
    let tensors = try inputs.map { input in
      guard let tensor = values[input.name] else {
        throw ZooError.usage("no value for the input \(input.name)")
      }
      guard tensor.shape.sizes == [batch] + input.shape.sizes else {
        throw ZooError.usage(
          "the input \(input.name) is \(tensor.shape); expected \(batch)×\(input.shape)")
      }
      return tensor
    }
    try withPointers(tensors[...], []) { try executable.run($0, clock, read) }
  }

  /// The tensors' memory, valid until the body returns.
  private func withPointers(
    _ tensors: ArraySlice<Tensor>, _ pointers: [UnsafePointer<Float>],
    _ body: ([UnsafePointer<Float>]) throws -> Void
  ) throws {
    guard let first = tensors.first else { return try body(pointers) }
    try first.withValues { values in
      guard let base = values.baseAddress else { return }
      try withPointers(tensors.dropFirst(), pointers + [base], body)
    }
  }
}
