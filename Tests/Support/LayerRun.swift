import ZooKit

/// A single layer with its inputs, parameters and everything else that a plan would provide.
public final class LayerRun {
  public let layer: any Layer
  public let shapes: [Shape]
  public let output: Shape
  public let parameters: [Parameter]
  public let batch: Int
  public let mode: Mode

  /// The inputs, as whole batches; change them and run again.
  public var inputs: [[Float]]
  public var weights: [[Float]]
  private var saved: [[Float]]
  private var isShared = false
  private let scratch = Scratch()
  /// The memory of the latest run.
  private var blocks: [UnsafeMutableBufferPointer<Float>] = []

  public init(
    _ layer: any Layer, _ shapes: [Shape], batch: Int, mode: Mode = .inference,
    inputs: [[Float]], weights: [[Float]]
  ) throws {
    (self.layer, self.shapes, self.batch, self.mode) = (layer, shapes, batch, mode)
    (self.inputs, self.weights) = (inputs, weights)
    output = try layer.output(shapes)
    parameters = layer.parameters(shapes)
    saved = layer.saved(shapes, batch: batch).map { Array(repeating: .nan, count: $0.count) }
  }

  deinit { release() }

  /// Makes all inputs share the first one's memory, and one gradient to which all add.
  public func shareFirstInput() {
    isShared = true
    inputs = [inputs[0]]
  }

  /// - Parameter inPlace: whether the output overwrites the first input.
  public func forward(inPlace: Bool = false) throws -> [Float] {
    release()
    let unset = [Float](repeating: .nan, count: batch * output.count)
    let pass = pass(inputs, output: inPlace ? nil : unset)
    try layer.forward(pass)
    weights = pass.parameters.map { Array($0.values) }
    if isTraining { saved = pass.saved.map { Array($0.values) } }
    return Array(pass.output.values)
  }

  /// The gradients of the inputs, then of the parameters; nil if not requested. Values that the
  /// layer does not declare as needed are NaN here, and sums start at 1, to check that the layer
  /// adds to them.
  public func backward(
    y: [Float], dy: [Float], rule: Rule = .plain, wants: (Int) -> Bool = { _ in true }
  ) throws -> [[Float]?] {
    release()
    func kept(_ values: [Float], _ need: Needs) -> [Float] {
      layer.needs.contains(need) ? values : values.map { _ in .nan }
    }
    let pass = pass(inputs.map { kept($0, .inputs) }, output: kept(y, .output))
    let items = pass.inputs.prefix(inputs.count) + pass.parameters
    let targets: [TensorView?] = items.indices.map { index in
      let isInput = index < inputs.count
      guard wants(index), isInput || parameters[index - inputs.count].role.isTrainable else {
        return nil
      }
      return view(items[index].values.map { _ in 1 }, items[index].batch, items[index].shape)
    }
    try layer.backward(
      pass,
      Gradients(
        output: view(dy, batch, output), inputs: shared(Array(targets.prefix(inputs.count))),
        parameters: Array(targets.dropFirst(inputs.count)), rule: rule))
    return targets.map { $0.map { $0.values.map { $0 - 1 } } }
  }

  private var isTraining: Bool { if case .training = mode { true } else { false } }

  private func pass(_ inputs: [[Float]], output: [Float]?) -> Pass {
    let places = shared(zip(inputs, shapes).map { view($0, batch, $1) })
    let place = output.map { view($0, batch, self.output) }
    return Pass(
      mode: mode, inputs: places,
      parameters: zip(weights, parameters).map { view($0, 1, $1.shape) },
      output: place ?? TensorView(places[0].pointer, batch: batch, shape: self.output),
      saved: isTraining
        ? zip(saved, layer.saved(shapes, batch: batch)).map { view($0, 1, $1) } : [],
      scratch: scratch)
  }

  private func view(_ values: [Float], _ batch: Int, _ shape: Shape) -> TensorView {
    let block = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(values.count, 1))
    _ = block.initialize(from: values)
    blocks.append(block)
    return TensorView(block.baseAddress!, batch: batch, shape: shape)
  }

  private func shared<T>(_ first: [T]) -> [T] {
    isShared ? Array(repeating: first[0], count: shapes.count) : first
  }

  private func release() {
    for block in blocks { block.deallocate() }
    blocks = []
  }
}
