import ZooKit

/// A graph run with the layers' own code, with every value and gradient in a separate array: the
/// reference for plans.
final class PlainRun {
  let graph: Graph
  let batch: Int
  private(set) var values: [[Float]] = []
  private(set) var gradients: [Int: [Float]] = [:]
  private(set) var parameterGradients: [String: [Float]] = [:]
  /// Includes running statistics, which change.
  private(set) var parameters: [String: [Float]] = [:]
  private var saved: [[[Float]]] = []
  private var needed: Set<Int>
  private let scratch = Scratch()

  /// - Parameter roots: the values to compute; nil means all.
  init(_ graph: Graph, _ weights: Weights, batch: Int, roots: [Int]? = nil) {
    needed = Set(roots ?? Array(graph.operations.indices))
    for index in graph.operations.indices.reversed() where needed.contains(index) {
      needed.formUnion(graph.operations[index].inputs)
    }
    (self.graph, self.batch) = (graph, batch)
    for (name, tensor) in weights { parameters[name] = tensor.values }
  }

  func forward(_ input: Tensor, mode: (Graph.Operation) -> Mode = { _ in .inference }) throws {
    values = []
    saved = []
    for (index, operation) in graph.operations.enumerated() {
      guard !operation.layer.isInput, needed.contains(index) else {
        values.append(operation.layer.isInput ? input.values : [])
        saved.append([])
        continue
      }
      let inputs = operation.inputs.map { graph.operations[$0].shape }
      let memory = Memory()
      let pass = pass(
        operation, mode(operation), memory,
        output: [Float](repeating: .nan, count: batch * operation.shape.count),
        saved: operation.layer.saved(inputs, batch: batch).map {
          [Float](repeating: .nan, count: $0.count)
        })
      try operation.layer.forward(pass)
      values.append(Array(pass.output.values))
      saved.append(pass.saved.map { Array($0.values) })
      for (parameter, view) in zip(operation.parameters, pass.parameters) {
        parameters[parameter.name] = Array(view.values)
      }
    }
  }

  func backward(
    _ seeds: [Int: Tensor], mode: (Graph.Operation) -> Mode = { _ in .inference },
    rule: Rule = .plain
  ) throws {
    gradients = [:]
    parameterGradients = [:]
    for index in graph.operations.indices.reversed() {
      let operation = graph.operations[index]
      if let seed = seeds[index] { add(seed.values, to: &gradients[index]) }
      guard !operation.layer.isInput, let dy = gradients[index] else { continue }
      let memory = Memory()
      let pass = pass(
        operation, mode(operation), memory, output: values[index], saved: saved[index])
      // One array for each distinct input, as in a plan.
      var views: [Int: TensorView] = [:]
      for input in operation.inputs where views[input] == nil {
        let start = gradients[input] ?? values[input].map { _ in 0 }
        views[input] = memory.view(start, batch, graph.operations[input].shape)
      }
      let targets = operation.parameters.map { parameter -> TensorView? in
        guard parameter.role.isTrainable else { return nil }
        let zeros = [Float](repeating: 0, count: parameter.shape.count)
        return memory.view(parameterGradients[parameter.name] ?? zeros, 1, parameter.shape)
      }
      try operation.layer.backward(
        pass,
        Gradients(
          output: memory.view(dy, batch, operation.shape),
          inputs: operation.inputs.map { views[$0] }, parameters: targets, rule: rule))
      for (input, view) in views { gradients[input] = Array(view.values) }
      for (parameter, target) in zip(operation.parameters, targets) {
        if let target { parameterGradients[parameter.name] = Array(target.values) }
      }
    }
  }

  private func pass(
    _ operation: Graph.Operation, _ mode: Mode, _ memory: Memory, output: [Float],
    saved: [[Float]]
  ) -> Pass {
    let shapes = operation.inputs.map { graph.operations[$0].shape }
    let isTraining = if case .training = mode { true } else { false }
    return Pass(
      mode: mode, inputs: zip(operation.inputs, shapes).map { memory.view(values[$0], batch, $1) },
      parameters: operation.parameters.map { memory.view(parameters[$0.name]!, 1, $0.shape) },
      output: memory.view(output, batch, operation.shape),
      saved: isTraining
        ? zip(saved, operation.layer.saved(shapes, batch: batch)).map { memory.view($0, 1, $1) }
        : [],
      scratch: scratch)
  }

  private func add(_ seed: [Float], to gradient: inout [Float]?) {
    gradient = zip(gradient ?? seed.map { _ in 0 }, seed).map { $0 + $1 }
  }
}

/// Arrays that live for one call.
private final class Memory {
  private var blocks: [UnsafeMutableBufferPointer<Float>] = []

  func view(_ values: [Float], _ batch: Int, _ shape: Shape) -> TensorView {
    let block = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(values.count, 1))
    _ = block.initialize(from: values)
    blocks.append(block)
    return TensorView(block.baseAddress!, batch: batch, shape: shape)
  }

  deinit { for block in blocks { block.deallocate() } }
}
