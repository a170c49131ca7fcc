import COneDNN
import ZooKit

// Norms, activations, sums and products, which keep the layout of their input.

extension OneDNNCompiler {
  func norm(_ norm: ChannelNorm, _ step: Program.Step) throws -> Int? {
    if let taken = try precede(norm, step) { return taken }
    let source = place(of: step.inputs[0])
    let takesReLU = step.epilogue.first.map { ($0.layer as? Activation) == .relu } ?? false
    var request = Operation.Request(zoo_dnn_norm, [source.layout])
    request.alpha = norm.epsilon
    request.epilogue = takesReLU ? Activation.relu.postOps : []
    guard let operation = Operation(request),
      let channels = Layout([program.shapes[step.output][0]], zoo_dnn_plain)
    else { return nil }
    for (tensor, role) in [
      (norm.scale, zoo_dnn_scale), (norm.shift, zoo_dnn_shift), (norm.mean, zoo_dnn_mean),
      (norm.variance, zoo_dnn_variance),
    ] {
      try bind(tensor, in: channels, to: role, of: operation)
    }
    try emit(operation, [source], for: step)
    return takesReLU ? 1 : 0
  }

  func activation(_ layer: Activation, _ step: Program.Step) throws -> Int? {
    var source = place(of: step.inputs[0])
    for function in layer.postOps {
      var request = Operation.Request(zoo_dnn_elementwise, [source.layout])
      request.epilogue = [function]
      guard let operation = Operation(request) else { return nil }
      try emit(operation, [source], for: step)
      source = place(of: step.output)
    }
    return 0
  }

  func sum(_ step: Program.Step) throws -> Int? { try pair(zoo_dnn_sum_of_two, step) }

  func product(_ step: Program.Step) throws -> Int? {
    let (map, factor) = (program.shapes[step.inputs[0]], program.shapes[step.inputs[1]])
    if map == factor { return try pair(zoo_dnn_product_of_two, step) }
    // A factor per channel has the map's layout.
    let first = place(of: step.inputs[0])
    guard map.rank == 3, factor == [map.channels, 1, 1] else { return nil }
    for format in [zoo_dnn_blocks_of_16, zoo_dnn_blocks_of_8, zoo_dnn_channels_last, zoo_dnn_plain]
    where try first.layout.equals(layout(map, format, first.layout.type)) {
      let second = try place(
        of: step.inputs[1], in: layout(factor, format, first.layout.type))
      return try simple(
        .init(zoo_dnn_product_of_two, [first.layout, second.layout], target: first.layout),
        [first, second], step)
    }
    return nil
  }

  private func pair(_ kind: zoo_dnn_kind, _ step: Program.Step) throws -> Int? {
    let first = place(of: step.inputs[0])
    let second = try place(of: step.inputs[1], in: first.layout)
    return try simple(
      .init(kind, [first.layout, second.layout], target: first.layout), [first, second], step)
  }

  func softmax(_ step: Program.Step) throws -> Int? {
    let source = place(of: step.inputs[0])
    return try simple(.init(zoo_dnn_softmax, [source.layout]), [source], step)
  }

  /// A layer without parameters, on a map in its current layout.
  func map(_ step: Program.Step) throws -> Int? {
    let (input, output) = (program.shapes[step.inputs[0]], program.shapes[step.output])
    guard input.rank == 3, output.rank == 3 else { return nil }
    let source = place(of: step.inputs[0])
    let target = try layout(output, zoo_dnn_any, source.layout.type)
    return try Operation.Request(step.layer, from: input, to: output, source.layout, target)
      .flatMap { try simple($0, [source], step) }
  }

  /// An operation without an epilogue.
  func simple(
    _ request: Operation.Request, _ sources: [Place], _ step: Program.Step
  ) throws -> Int? {
    guard let operation = Operation(request) else { return nil }
    try emit(operation, sources, for: step)
    return 0
  }
}
