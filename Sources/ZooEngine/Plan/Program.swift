import ZooKit

/// A graph prepared for an engine: steps in order, each a layer with its constants and an epilogue.
/// Passes rewrite it; an engine compiles it.
///
/// load → simplify → compile:
/// ```swift
/// let program = try Program(graph, weights, keeping: ["layer4"]).simplified()
/// let executable = try engine.compile(program, batch: 8)
/// ```
public struct Program: Sendable {
  /// An array that a step computes or a user feeds; an index into ``shapes``.
  public typealias Value = Int

  /// A layer to run.
  public struct Step: Sendable {
    /// The operation whose value it computes: the last of its epilogue.
    public var name: String
    public var layer: any Layer
    public var inputs: [Value]
    public let parameters: [Parameter]
    /// The values of the parameters in inference; in training they are read in place.
    public var constants: [Tensor]
    /// Applied to the output in place, in order.
    public var epilogue: [Epilogue] = []
    public var output: Value
    /// Whether its layer uses batch statistics or draws noise, in training.
    var isTraining = false
    /// The original steps, if steps were fused for training.
    var parts: [Step] = []

    /// All values that it reads, in order.
    var operands: [Value] { inputs + epilogue.flatMap(\.others) }

    init(_ operation: Graph.Operation, _ constants: [Tensor], output: Value) {
      (name, layer, inputs) = (operation.name, operation.layer, operation.inputs)
      parameters = operation.parameters
      (self.constants, self.output) = (constants, output)
    }

    /// The step that remains after the layer and the first parts of its epilogue.
    func rest(after count: Int) -> Step? {
      let left = epilogue.dropFirst(count)
      guard let next = left.first else { return nil }
      var step = self
      (step.layer, step.inputs) = (next.layer, [output] + next.others)
      (step.constants, step.epilogue) = (next.constants, Array(left.dropFirst()))
      return step
    }
  }

  /// Something applied to a step's output in place: an activation, or the addition of a shortcut.
  public struct Epilogue: Sendable {
    public var layer: any Layer
    /// The operands besides the step's own output.
    public var others: [Value]
    public var constants: [Tensor]
  }

  /// The operations of a training program that gradients pass; nil in inference.
  let flow: GradientFlow?
  /// The part of a training program that was split off because nothing in it learns.
  var prefix: FrozenPrefix?

  /// A value with the name by which users feed or read it.
  public struct Port: Hashable, Sendable {
    public let name: String
    public let value: Value
  }

  /// The shape of every value, without the batch.
  public internal(set) var shapes: [Shape]
  public internal(set) var steps: [Step]
  public let inputs: [Port]
  /// The graph's outputs, then the kept values.
  public let outputs: [Port]

  /// The operations that the outputs and the kept values need. `keeping` names operations or stages
  /// whose values must be available, or an auxiliary output, which is otherwise left out.
  public init(_ graph: Graph, _ weights: Weights, keeping: [String] = []) throws {
    let wanted = graph.outputs.filter { port in
      !graph.isAuxiliary(port.operation) || keeping.contains(port.name)
    }
    var outputs = wanted.map { Port(name: $0.name, value: $0.operation) }
    for name in keeping where !outputs.contains(where: { $0.name == name }) {
      outputs.append(Port(name: name, value: try graph.resolve(name)))
    }
    let needed = graph.ancestors(of: outputs.map(\.value))

    shapes = graph.operations.map(\.shape)
    inputs = graph.inputs.map { Port(name: $0.name, value: $0.operation) }
    self.outputs = outputs
    steps = try graph.operations.indices.compactMap { index in
      let operation = graph.operations[index]
      guard needed.contains(index), !operation.layer.isInput else { return nil }
      return Step(
        operation, try operation.parameters.map { try weights.tensor(for: $0) }, output: index)
    }
    flow = nil
  }

  /// The operations that training runs; every value keeps the index of its operation.
  init(_ flow: GradientFlow) {
    let graph = flow.graph
    shapes = graph.operations.map(\.shape)
    inputs = graph.inputs.map { Port(name: $0.name, value: $0.operation) }
    let asked = Set(flow.values.values).union(flow.gradients.values)
    outputs = asked.sorted().map { Port(name: graph.operations[$0].name, value: $0) }
    steps = flow.forward.map { index in
      var step = Step(graph.operations[index], [], output: index)
      step.isTraining = flow.isTraining[index]
      return step
    }
    self.flow = flow
  }

  /// Multiply-accumulates of a step for one item.
  func macs(of step: Step) -> Int {
    step.layer.macs(step.inputs.map { shapes[$0] }, shapes[step.output])
  }

  /// The profile stage of a step.
  func stage(of step: Step, _ kernel: String, batch: Int) -> PlanStage {
    PlanStage(
      step: step.name, kind: step.layer.kind, kernel: kernel, macs: batch * macs(of: step))
  }

  /// The last step that reads each value, including its epilogue.
  var lastReader: [Int] {
    var last = Array(repeating: 0, count: shapes.count)
    for (time, step) in steps.enumerated() {
      for value in step.operands { last[value] = time }
    }
    return last
  }

  /// The number of steps that read each value; being an output counts as one.
  var uses: [Int] {
    var uses = Array(repeating: 0, count: shapes.count)
    for step in steps {
      for value in step.operands { uses[value] += 1 }
    }
    for port in outputs { uses[port.value] += 1 }
    return uses
  }
}

extension Weights {
  /// The tensor of a parameter; throws if it is missing or does not fit.
  func tensor(for parameter: Parameter) throws -> Tensor {
    guard let tensor = self[parameter.name] else {
      throw ZooError.corrupt("the weights have no tensor \(parameter.name)")
    }
    guard tensor.shape == parameter.shape else {
      throw ZooError.corrupt(
        "\(parameter.name) is \(tensor.shape), the network expects \(parameter.shape)")
    }
    return tensor
  }
}
