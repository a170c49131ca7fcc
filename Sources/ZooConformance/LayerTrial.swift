import ZooKit

/// One operation run alone, with every array in separate memory with a guard at its end.
final class LayerTrial {
  let operation: Graph.Operation
  let shapes: [Shape]
  let batch: Int
  let mode: Mode
  private let scratch = Scratch()

  /// Marks memory that was never written and must not be overwritten.
  static let untouched = Float(bitPattern: 0x7FC0_BEEF)
  private static let guarded = 16

  init(_ operation: Graph.Operation, of graph: Graph, batch: Int, mode: Mode = .inference) {
    self.operation = operation
    shapes = operation.inputs.map { graph.operations[$0].shape }
    (self.batch, self.mode) = (batch, mode)
  }

  /// The result of a forward pass.
  struct Result {
    var output: [Float]
    var saved: [[Float]]
    /// The parameters, because norms update their statistics.
    var parameters: [[Float]]
  }

  /// - Parameter overInput: whether the output overwrites the first input.
  func forward(_ inputs: [[Float]], _ parameters: [[Float]], overInput: Bool = false) throws
    -> Result
  {
    let memory = Memory()
    let sources = zip(inputs, shapes).map { memory.view($0, batch, $1) }
    let constants = zip(parameters, operation.parameters).map { memory.view($0, 1, $1.shape) }
    let saved = savedShapes.map {
      memory.view(Array(repeating: LayerTrial.untouched, count: $0.count), 1, $0)
    }
    let output =
      overInput
      ? TensorView(sources[0].pointer, batch: batch, shape: operation.shape)
      : memory.view(
        Array(repeating: LayerTrial.untouched, count: batch * operation.shape.count), batch,
        operation.shape)
    try operation.layer.forward(
      Pass(
        mode: mode, inputs: sources, parameters: constants, output: output, saved: saved,
        scratch: scratch))
    guard memory.isIntact else {
      throw ZooError.failure("\(operation.name) writes beyond the end of an array")
    }
    return Result(
      output: Array(output.values), saved: saved.map { Array($0.values) },
      parameters: constants.map { Array($0.values) })
  }

  /// The gradients of the inputs, then those of the learned parameters. Values that the layer does
  /// not declare as needed are NaN, and gradients start at nonzero values.
  func backward(
    _ inputs: [[Float]], _ parameters: [[Float]], _ result: Result, _ slope: [Float]
  ) throws -> (inputs: [[Float]], parameters: [[Float]?]) {
    let memory = Memory()
    func hidden(_ values: [Float], unless isNeeded: Bool) -> [Float] {
      isNeeded ? values : Array(repeating: .nan, count: values.count)
    }
    let needs = operation.layer.needs
    let start: Float = 0.5
    let sources = zip(inputs, shapes).map {
      memory.view(hidden($0, unless: needs.contains(.inputs)), batch, $1)
    }
    let targets = zip(inputs, shapes).map {
      memory.view(Array(repeating: start, count: $0.count), batch, $1)
    }
    let learned = zip(parameters, operation.parameters).map { values, parameter in
      parameter.role.isTrainable
        ? memory.view(Array(repeating: start, count: values.count), 1, parameter.shape) : nil
    }
    try operation.layer.backward(
      Pass(
        mode: mode, inputs: sources,
        parameters: zip(parameters, operation.parameters).map { memory.view($0, 1, $1.shape) },
        output: memory.view(
          hidden(result.output, unless: needs.contains(.output)), batch, operation.shape),
        saved: zip(result.saved, savedShapes).map { memory.view($0, 1, $1) }, scratch: scratch),
      Gradients(
        output: memory.view(slope, batch, operation.shape), inputs: targets, parameters: learned))
    guard memory.isIntact else {
      throw ZooError.failure("\(operation.name) writes beyond the end of an array in backward")
    }
    return (
      targets.map { $0.values.map { $0 - start } }, learned.map { $0?.values.map { $0 - start } }
    )
  }

  private var savedShapes: [Shape] {
    if case .training = mode { operation.layer.saved(shapes, batch: batch) } else { [] }
  }

  /// Arrays that live for one call.
  private final class Memory {
    private var blocks: [UnsafeMutableBufferPointer<Float>] = []

    func view(_ values: [Float], _ batch: Int, _ shape: Shape) -> TensorView {
      let block = UnsafeMutableBufferPointer<Float>.allocate(
        capacity: values.count + LayerTrial.guarded)
      _ = block.initialize(
        from: values + Array(repeating: LayerTrial.untouched, count: LayerTrial.guarded))
      blocks.append(block)
      return TensorView(
        block.baseAddress ?? .allocate(capacity: 1), batch: batch, shape: shape)
    }

    var isIntact: Bool {
      blocks.allSatisfy { block in
        block.suffix(LayerTrial.guarded).allSatisfy {
          $0.bitPattern == LayerTrial.untouched.bitPattern
        }
      }
    }

    deinit { for block in blocks { block.deallocate() } }
  }
}

/// A graph run operation by operation with the layers' own code, as reference for engines.
struct Walkthrough {
  /// The values of every operation, N×….
  private(set) var values: [[Float]] = []
  let graph: Graph
  let batch: Int

  /// - Parameter visit: called before each operation with its inputs and parameters.
  init(
    _ graph: Graph, _ weights: Weights, _ inputs: [String: Tensor], batch: Int,
    visit: (LayerTrial, [[Float]], [[Float]], LayerTrial.Result) throws -> Void = { _, _, _, _ in }
  ) throws {
    (self.graph, self.batch) = (graph, batch)
    let ports = Dictionary(
      graph.inputs.map { ($0.operation, $0.name) }, uniquingKeysWith: { first, _ in first })
    for (index, operation) in graph.operations.enumerated() {
      if operation.layer.isInput {
        values.append(ports[index].flatMap { inputs[$0]?.values } ?? [])
        continue
      }
      let trial = LayerTrial(operation, of: graph, batch: batch)
      let sources = operation.inputs.map { values[$0] }
      let parameters = try operation.parameters.map { parameter in
        guard let tensor = weights[parameter.name] else {
          throw ZooError.failure("\(operation.name) has a parameter that the network does not list")
        }
        return tensor.values
      }
      let result = try trial.forward(sources, parameters)
      try visit(trial, sources, parameters, result)
      values.append(result.output)
    }
  }

  func tensor(_ operation: Int) throws -> Tensor {
    try Tensor(Shape([batch] + graph.operations[operation].shape.sizes), values[operation])
  }
}
