import COneDNN
import ZooKit

// Convolutions, transposed convolutions and dense layers, which have weights to pack.

extension OneDNNCompiler {
  func convolution(_ layer: Convolution, _ step: Program.Step) throws -> Int? {
    let input = program.shapes[step.inputs[0]]
    let output = program.shapes[step.output]
    guard let weights = WeightLayouts(layer, from: input) else { return nil }
    if let taken = try blockedConvolution(layer, step) { return taken }
    let formats = try formats(layer, input, output, from: place(of: step.inputs[0]).layout)
    let requests = try formats.map { kind, source, target in
      var request = Operation.Request(
        kind, [try layout(input, source, type)],
        target: try layout(output, target, targetType(step)))
      request.window = layer.window
      return request
    }
    return try product(requests, weights, step)
  }

  /// Uses our own kernel if it is faster. It can also add a shortcut and apply a rectifier.
  private func blockedConvolution(_ layer: Convolution, _ step: Program.Step) throws -> Int? {
    let output = program.shapes[step.output]
    var epilogue = step.epilogue[...]
    var shortcut: Program.Value?
    if let first = epilogue.first, first.layer is Add, first.others.count == 1 {
      shortcut = first.others[0]
      epilogue = epilogue.dropFirst()
    }
    let slope = (epilogue.first?.layer as? Activation).flatMap { $0.slope }
    if slope != nil { epilogue = epilogue.dropFirst() }
    let (input, prologue) = prologues[step.inputs[0]] ?? (step.inputs[0], .init())
    guard isWide else { return nil }
    let kernel: (any BlockedKernel)?
    // Heads have few outputs, which are next read in the plain layout.
    let plain = output.channels % 16 != 0
    if type == zoo_dnn_float32, !plain || isReadPlain(step.output),
      PointwiseConvolution.takes(layer, program.shapes[input], plain: plain)
    {
      // The library supports other functions as epilogue.
      if !epilogue.isEmpty, prologues[step.inputs[0]] == nil { return nil }
      if plain, shortcut != nil { return nil }
      kernel = try PointwiseConvolution(
        layer, step.constants, prologue, from: program.shapes[input], to: output, batch: batch,
        slope: slope ?? 1, plain: plain, threads: schedule.threads)
    } else if winograd {
      kernel = try WinogradConvolution(
        layer, step.constants, from: program.shapes[input], to: output, batch: batch,
        slope: slope ?? 1, bfloat16: type == zoo_dnn_bfloat16, threads: schedule.threads)
    } else {
      kernel = nil
    }
    guard let kernel else { return nil }
    let source = try blockedPlace(of: input)
    if prologues[step.inputs[0]] != nil { readers[input] -= 1 }
    let layout = try layout(output, plain ? zoo_dnn_plain : zoo_dnn_blocks_of_16, type)
    var uses = [Use(role: zoo_dnn_source, slot: source.slot)]
    var target: Place?
    if let shortcut {
      let other = try blockedPlace(of: shortcut)
      uses.append(Use(role: zoo_dnn_source, index: 1, slot: other.slot))
      if !isScattered(other.slot), other.slot == place(of: shortcut).slot,
        other.slot != source.slot, mayOverwrite(shortcut)
      {
        target = other
      }
    }
    let place = target ?? newPlace(layout)
    emit(kernel, uses + [Use(role: zoo_dnn_target, slot: place.slot)])
    self.place(step.output, at: place)
    return step.epilogue.count - epilogue.count
  }

  /// Whether all readers need the value in the plain layout: as an output, or as a vector.
  private func isReadPlain(_ value: Program.Value) -> Bool {
    program.steps.allSatisfy { step in
      !step.epilogue.contains { $0.others.contains(value) }
        && (!step.inputs.contains(value)
          || step.layer.isIdentity && program.shapes[step.output] != program.shapes[value])
    }
  }

  private typealias Way = (kind: zoo_dnn_kind, source: zoo_dnn_format, target: zoo_dnn_format)

  /// The ways to compute a convolution, the fastest first (measured with AVX-512).
  ///
  /// Blocks of 16 channels are as fast as any layout, and Winograd needs them; a map in
  /// channels-last layout may keep it. Tiny maps are left to the library, which uses channels-last
  /// for matrix products.
  private func formats(
    _ layer: Convolution, _ input: Shape, _ output: Shape, from current: Layout
  ) throws -> [Way] {
    var ways: [Way] = []
    let window = layer.window
    let isTiny = min(output.height, output.width) < 8
    let isDeep = layer.groups == 1 && min(input.channels, output.channels) >= 16
    if isDeep, !(isTiny && window.kernel != 1) {
      let last = try current.equals(layout(input, zoo_dnn_channels_last, type))
      let format = last ? zoo_dnn_channels_last : zoo_dnn_blocks_of_16
      ways.append((zoo_dnn_convolution, format, format))
    } else if layer.groups == 1, input.channels < 4, output.channels >= 16 {
      // Pictures are read in their plain layout.
      ways.append((zoo_dnn_convolution, zoo_dnn_plain, zoo_dnn_blocks_of_16))
    }
    return ways + [(zoo_dnn_convolution, zoo_dnn_any, zoo_dnn_any)]
  }

  func transposedConvolution(_ layer: TransposedConvolution, _ step: Program.Step) throws -> Int? {
    let input = program.shapes[step.inputs[0]]
    if let taken = try blockedTransposition(layer, step) { return taken }
    guard let weights = WeightLayouts(layer, from: input) else { return nil }
    var request = Operation.Request(
      zoo_dnn_transposed_convolution, [try layout(input, zoo_dnn_any, type)],
      target: try layout(program.shapes[step.output], zoo_dnn_any, type))
    request.window = weights.window
    return try product([request], weights, step)
  }

  /// Uses our own kernel, which can apply a rectifier. It always computes in float32: the library's
  /// bfloat16 kernel takes five times as long as this one with two conversions.
  private func blockedTransposition(
    _ layer: TransposedConvolution, _ step: Program.Step
  ) throws -> Int? {
    let slope = (step.epilogue.first?.layer as? Activation).flatMap { $0.slope }
    guard isWide,
      let kernel = try PointwiseConvolution(
        layer, step.constants, from: program.shapes[step.inputs[0]], batch: batch,
        slope: slope ?? 1, threads: schedule.threads)
    else { return nil }
    func target(_ type: zoo_dnn_type) throws -> Place {
      let layout = try layout(program.shapes[step.output], zoo_dnn_blocks_of_16, type)
      return newPlace(layout)
    }
    let source = try blockedPlace(of: step.inputs[0], zoo_dnn_float32)
    let wide = try target(zoo_dnn_float32)
    emit(
      kernel,
      [Use(role: zoo_dnn_source, slot: source.slot), Use(role: zoo_dnn_target, slot: wide.slot)])
    if type == zoo_dnn_float32 {
      place(step.output, at: wide)
    } else {
      let narrow = try target(type)
      try reorder(wide, to: narrow)
      place(step.output, at: narrow)
    }
    return slope == nil ? 0 : 1
  }

  func dense(_ layer: Dense, _ step: Program.Step) throws -> Int? {
    let input = program.shapes[step.inputs[0]]
    guard let weights = WeightLayouts(layer, from: input, packing: batch > 1) else { return nil }
    let request = Operation.Request(
      zoo_dnn_dense, [try layout(input, zoo_dnn_plain, type)],
      target: try layout([layer.outputs], zoo_dnn_plain, targetType(step)))
    return try product([request], weights, step)
  }

  /// The first request that the library supports, with its constants packed.
  private func product(
    _ requests: [Operation.Request], _ weights: WeightLayouts, _ step: Program.Step
  ) throws -> Int? {
    let packed = try weights.packed.of(type)
    let bias = step.constants.count > 1 ? Layout([step.constants[1].count], zoo_dnn_plain) : nil
    let requests = requests.map { request in
      var request = request
      (request.weights, request.bias) = (packed, bias)
      return request
    }
    let postOps = PostOps(step)
    guard let (operation, taken) = make(requests, postOps) else { return nil }
    try bind(step.constants[0], in: weights.plain, to: zoo_dnn_weights, of: operation)
    if let bias { try bind(step.constants[1], in: bias, to: zoo_dnn_bias, of: operation) }
    try emit(operation, for: step, postOps, taken: taken)
    return taken
  }
}
