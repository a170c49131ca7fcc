import COneDNN
import ZooKit

extension OneDNNCompiler {
  func maxPool(_ layer: MaxPool, _ step: Program.Step) throws -> Int? {
    guard layer.window.dilation == 1 else { return nil }
    return try pool(zoo_dnn_max_pool, layer.window, step)
  }

  func averagePool(_ layer: AveragePool, _ step: Program.Step) throws -> Int? {
    if try precede(layer, step) { return 0 }
    guard layer.countsPadding else {
      return try pool(zoo_dnn_average_pool_inside, layer.window, step)
    }
    // The library would also count what a window reaches beyond the border.
    let padding = reach(layer.window, step)
    guard padding.bottom <= layer.window.padding.bottom,
      padding.right <= layer.window.padding.right
    else { return nil }
    return try pool(zoo_dnn_average_pool, layer.window, step)
  }

  /// Where the sizes divide, the windows are those of a plain pooling.
  func adaptivePool(_ layer: AdaptivePool, _ step: Program.Step) throws -> Int? {
    let input = program.shapes[step.inputs[0]]
    let size = layer.size
    guard input.height % size.height == 0, input.width % size.width == 0 else { return nil }
    let kernel = Window.Size(input.height / size.height, input.width / size.width)
    if kernel == 1 { return try alias(step) }
    return try pool(
      layer.reduction == .average ? zoo_dnn_average_pool : zoo_dnn_max_pool,
      Window(kernel, stride: kernel), step)
  }

  private func pool(_ kind: zoo_dnn_kind, _ window: Window, _ step: Program.Step) throws -> Int? {
    let source = place(of: step.inputs[0])
    var request = Operation.Request(
      kind, [source.layout],
      target: try layout(program.shapes[step.output], zoo_dnn_any, source.layout.type))
    request.window = window
    request.window.padding = reach(window, step)
    guard let operation = Operation(request) else { return nil }
    try emit(operation, [source], for: step)
    return 0
  }

  /// The padding at the bottom and right that the last windows use: less than was asked for where
  /// the stride leaves some over, more where they may end outside.
  private func reach(_ window: Window, _ step: Program.Step) -> Window.Padding {
    let (input, output) = (program.shapes[step.inputs[0]], program.shapes[step.output])
    let (kernel, stride) = (window.kernel, window.stride)
    var padding = window.padding
    let bottom = (output.height - 1) * stride.height + kernel.height - input.height - padding.top
    let right = (output.width - 1) * stride.width + kernel.width - input.width - padding.left
    (padding.bottom, padding.right) = (max(0, bottom), max(0, right))
    return padding
  }
}
