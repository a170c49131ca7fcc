import ZooEngine
import ZooKit

/// A network with one answer for a picture of fixed size, as a fully convolutional one: it answers for
/// every window of a larger picture at once (Sermanet et al., arXiv:1312.6229).
///
/// A dense layer over a map becomes a convolution whose kernel covers the map, a pooling to a fixed size a
/// pooling of step one. Windows are as far apart as the strides before the head make them.
public final class SlidingNetwork {
  /// The size of a window, which is the network's own input, and the pixels between two windows.
  public let window: Window.Size
  public let step: Window.Size
  /// Whether each answer is that for the window alone. Otherwise the layer of this name pads its maps:
  /// there a window alone sees zeros, and here what surrounds it.
  public let padded: String?
  private let channels: Int
  private let name: String
  private let operations: [Graph.Operation]
  private let parts: [Part]
  private let weights: Weights
  private let engine: any Engine

  /// What takes the place of an operation.
  private enum Part { case input, nothing, layer(any Layer) }

  /// The windows of a picture, and the network's answer for each.
  public struct Answers: Sendable {
    /// Answers × rows × columns.
    public let values: Tensor
    /// The size of a window and the pixels between two.
    public let window, step: Window.Size
    /// Where the first window begins.
    public let top, left: Int
  }

  /// - Parameter value: the answer, a vector.
  public init(_ graph: Graph, _ weights: Weights, value: String, engine: any Engine) throws {
    let part = graph.cut(at: [(name: value, operation: try graph.resolve(value))]).before
    guard part.inputs.count == 1, part.operations[part.inputs[0].operation].shape.rank == 3,
      let last = part.operations.indices.last
    else { throw ZooError.usage("sliding-window wants a network of one picture") }
    let input = part.operations[part.inputs[0].operation].shape
    (window, channels) = (.init(input.height, input.width), input.channels)
    (name, operations, self.engine) = (part.inputs[0].name, part.operations, engine)
    var (values, parts, own) = ([Sliding](), [Part](), Weights())
    var padded: String?
    let shapes = part.operations.map(\.shape)
    for operation in part.operations {
      let (value, part) = try Self.replaced(operation, operation.inputs.map { values[$0] })
      if padded == nil, operation.pads(operation.inputs.map { shapes[$0] }) {
        padded = operation.name
      }
      values.append(value)
      parts.append(part)
      guard case .layer(let layer) = part else { continue }
      let from = operation.inputs.map { values[$0] }
      let found = layer.parameters(from.map(\.cell))
      for (old, new) in zip(operation.parameters, found) {
        guard let tensor = weights[old.name], tensor.count == new.shape.count else {
          throw ZooError.corrupt("there are no weights \(old.name) of \(old.shape)")
        }
        own["\(operation.name).\(new.name)"] = tensor.reshaped(new.shape)
      }
    }
    guard values[last].isSingle else {
      throw ZooError.usage("sliding-window wants an answer without places, not \(value)")
    }
    (self.parts, self.weights, self.padded, step) = (parts, own, padded, values[last].stride)
  }

  /// The answers for all windows of a picture C×H×W; what is left of it at the borders, less than a
  /// step, is not seen.
  public func answers(for picture: Tensor) throws -> Answers {
    let size = (height: picture.shape.height, width: picture.shape.width)
    guard picture.shape.channels == channels, size.height >= window.height,
      size.width >= window.width
    else {
      throw ZooError.usage(
        "a window of \(window.width)×\(window.height) does not fit the picture of "
          + "\(size.width)×\(size.height); --scale enlarges it")
    }
    let rows = (size.height - window.height) / step.height
    let columns = (size.width - window.width) / step.width
    let (height, width) = (
      window.height + rows * step.height, window.width + columns * step.width
    )
    let (top, left) = ((size.height - height) / 2, (size.width - width) / 2)
    let graph = try graph(of: height, width)
    let engine = engine
    let plan = try InferencePlan(graph, weights, batch: 1, engine: engine)
    let seen = try Tensor([1, channels, height, width]) { seen in
      picture.withValues { values in
        for row in 0..<channels * height {
          let start = (row / height * size.height + top + row % height) * size.width + left
          for x in 0..<width { seen[row * width + x] = values[start + x] }
        }
      }
    }
    guard let found = try plan.run([name: seen])["answers"] else {
      throw ZooError.failure("the network gives no answers")
    }
    return Answers(
      values: found.reshaped(Shape(Array(found.shape.sizes.dropFirst()))), window: window,
      step: step, top: top, left: left)
  }

  private func graph(of height: Int, _ width: Int) throws -> Graph {
    try Graph { makeInput in
      var nodes: [Node] = []
      for (operation, part) in zip(operations, parts) {
        let inputs = operation.inputs.map { nodes[$0] }
        switch part {
        case .input: nodes.append(makeInput(name, [channels, height, width]))
        case .nothing: nodes.append(inputs[0])
        case .layer(let layer):
          nodes.append(
            inputs[0].callLayer(layer, operation.name, with: Array(inputs.dropFirst())))
        }
      }
      return ["answers": nodes[nodes.count - 1]]
    }
  }
}

/// What a value of one window is in the map of all windows: `height` × `width` cells that are `spacing`
/// apart. The next window is one cell further, which is `stride` pixels of the picture.
private struct Sliding {
  var channels: Int
  var height, width: Int
  var spacing = Window.Size(1)
  var stride: Window.Size

  var isSingle: Bool { height == 1 && width == 1 }
  /// The shape for a window alone.
  var cell: Shape { [channels, height, width] }
}

extension Graph.Operation {
  /// Whether a window alone has other numbers at its borders than the same window in a picture.
  fileprivate func pads(_ inputs: [Shape]) -> Bool {
    func pads(_ window: Window, _ ceiling: Bool) -> Bool {
      window.padding != 0
        || ceiling
          && ((inputs[0].height - window.kernel.height) % window.stride.height != 0
            || (inputs[0].width - window.kernel.width) % window.stride.width != 0)
    }
    return switch layer {
    case let layer as Convolution: pads(layer.window, false)
    case let layer as MaxPool: pads(layer.window, layer.ceiling)
    case let layer as AveragePool: pads(layer.window, layer.ceiling)
    case let layer as Pad: layer.border != 0
    default: false
    }
  }
}

extension SlidingNetwork {
  /// The operation for all windows at once.
  private static func replaced(_ operation: Graph.Operation, _ inputs: [Sliding]) throws
    -> (Sliding, Part)
  {
    let (layer, shape) = (operation.layer, operation.shape)
    guard let input = inputs.first else {
      guard layer.isInput else { throw refusal(of: operation) }
      return (
        Sliding(channels: shape.channels, height: shape.height, width: shape.width, stride: 1),
        .input
      )
    }
    guard
      inputs.allSatisfy({
        ($0.height, $0.width) == (input.height, input.width) && $0.spacing == input.spacing
          && $0.stride == input.stride
      })
    else {
      throw ZooError.usage(
        "sliding-window: \(operation.name) joins a number for the whole window with a map, so the "
          + "windows cannot share their maps; occlusion works for every network")
    }
    var result = input
    func slid(_ window: Window) throws -> Window {
      var window = window
      // Cells that are apart only meet in layers that look at one cell or at all of them.
      guard input.spacing == 1 || window.kernel == 1 && window.padding == 0 else {
        throw refusal(of: operation)
      }
      if shape.height == 1, shape.width == 1 { window.stride = 1 }
      (result.height, result.width) = (shape.height, shape.width)
      result.stride = Window.Size(
        input.stride.height * window.stride.height, input.stride.width * window.stride.width)
      return window
    }
    switch layer {
    case var layer as Convolution:
      layer.window = try slid(layer.window)
      result.channels = shape.channels
      return (result, .layer(layer))
    case var layer as MaxPool:
      layer.window = try slid(layer.window)
      return (result, .layer(layer))
    case var layer as AveragePool:
      layer.window = try slid(layer.window)
      return (result, .layer(layer))
    case is Pad where input.spacing == 1:
      (result.channels, result.height, result.width) = (shape.channels, shape.height, shape.width)
      return (result, .layer(layer))
    case let layer as Slice where shape.rank == 3 && layer.axis == 0:
      result.channels = shape.channels
      return (result, .layer(layer))
    case let layer as Slice where shape.rank == 3 && layer.range == 0..<input.cell[layer.axis]:
      // Every other row or column of a map of any size.
      let stride = Window.Size(layer.axis == 1 ? layer.step : 1, layer.axis == 2 ? layer.step : 1)
      let window = try slid(Window(1, stride: stride))
      return (result, .layer(MaxPool(window: window)))
    case let layer as AdaptivePool:
      let size = layer.size
      if (size.height, size.width) == (input.height, input.width) { return (input, .nothing) }
      guard input.spacing == 1, input.height % size.height == 0, input.width % size.width == 0
      else { throw refusal(of: operation) }
      (result.height, result.width) = (size.height, size.width)
      let kernel = Window.Size(input.height / size.height, input.width / size.width)
      if !result.isSingle { result.spacing = kernel }
      let window = Window(kernel)
      return (
        result,
        .layer(
          layer.reduction == .average ? AveragePool(window: window) : MaxPool(window: window))
      )
    case let layer as Dense:
      let window = Window(.init(input.height, input.width), dilation: input.spacing)
      result = Sliding(channels: layer.outputs, height: 1, width: 1, stride: input.stride)
      return (
        result, .layer(Convolution(outputs: layer.outputs, window: window, bias: layer.bias))
      )
    case is Concatenate where shape.rank == 3 || input.isSingle:
      result.channels = inputs.reduce(0) { $0 + $1.channels }
      return (result, .layer(layer))
    case is LocalResponseNorm, is BatchNorm, is FrozenBatchNorm, is ChannelShuffle:
      guard shape.rank == 3 || input.isSingle else { throw refusal(of: operation) }
      return (result, .layer(layer))
    default:
      if layer.isIdentity, shape.rank == 1 || shape.sizes == input.cell.sizes {
        return (result, .nothing)
      }
      guard layer.isElementwise || layer is Multiply else { throw refusal(of: operation) }
      return (result, .layer(layer))
    }
  }

  private static func refusal(of operation: Graph.Operation) -> ZooError {
    .usage(
      "sliding-window: \(operation.name) (\(operation.layer.kind)) cannot slide over a larger "
        + "picture; occlusion works for every network")
  }
}
