import COneDNN
import ZooKit

// Convolutions and dense layers.

extension TrainingCompiler {
  /// One way to compute a convolution in all required directions.
  private struct Way {
    let source, target: Place.Form
    let forward: Operation
    let toSource: (kernel: Operation, form: Place.Form)?
    let toWeights: Operation?
    let rectifies: Bool
  }

  /// A convolution in either direction as oneDNN describes it.
  private struct Kernels {
    /// The library's kernels for it, the best first.
    let kinds: [zoo_dnn_kind]
    let weights: WeightLayouts
    let outputs: Int
    let hasBias: Bool
    let forms: [(Place.Form, Place.Form)]
  }

  func convolution(_ layer: Convolution, _ step: Program.Step) throws -> Bool {
    let (from, to) = (shape(step.inputs[0]), shape(step.output))
    guard let weights = WeightLayouts(layer, from: from) else { return false }
    return try convolution(
      Kernels(
        kinds: isWinograds(layer, from, to)
          ? [zoo_dnn_winograd, zoo_dnn_convolution] : [zoo_dnn_convolution],
        weights: weights, outputs: layer.outputs, hasBias: layer.bias,
        forms: from.channels < 4 && layer.groups == 1
          ? [(.plain, .blocks), (.blocks, .blocks), (.plain, .plain)]
          : [(.blocks, .blocks), (.plain, .plain)]), step)
  }

  func transposedConvolution(_ layer: TransposedConvolution, _ step: Program.Step) throws -> Bool {
    guard layer.groups == 1,
      let weights = WeightLayouts(layer, from: shape(step.inputs[0]))
    else { return false }
    return try convolution(
      Kernels(
        kinds: [zoo_dnn_transposed_convolution], weights: weights, outputs: layer.outputs,
        hasBias: layer.bias, forms: [(.blocks, .blocks), (.plain, .plain)]),
      step)
  }

  private func convolution(_ kernels: Kernels, _ step: Program.Step) throws -> Bool {
    let input = step.inputs[0]
    let (from, to) = (shape(input), shape(step.output))
    let plain = kernels.weights.plain
    guard let bias = Layout([kernels.outputs], zoo_dnn_plain) else { return false }
    let rectifies = !step.epilogue.isEmpty
    let learns = step.parameters.contains(where: parameters.learns)

    /// The operation for a direction; Winograd if it is faster.
    func kernel(
      _ source: Place.Form, _ target: Place.Form, _ direction: zoo_dnn_direction,
      rectifies: Bool = false
    ) throws -> Operation? {
      for kind in kernels.kinds
      where kind != zoo_dnn_winograd || source == .blocks && target == .blocks {
        var request = Operation.Request(
          kind, [try layout(from, source)], target: try layout(to, target))
        request.direction = direction
        request.weights = kernels.weights.packed
        request.bias = kernels.hasBias ? bias : nil
        request.window = kernels.weights.window
        request.epilogue = rectifies ? Activation.relu.postOps : []
        if let kernel = Operation(request) { return kernel }
      }
      return nil
    }
    func way(_ source: Place.Form, _ target: Place.Form) throws -> Way? {
      var fused = rectifies
      var forward = try kernel(source, target, zoo_dnn_training, rectifies: rectifies)
      if forward == nil, rectifies {
        fused = false
        forward = try kernel(source, target, zoo_dnn_training)
      }
      guard let forward else { return nil }
      var toSource: (Operation, Place.Form)?
      if flow.hasGradient[input] {
        for form in [source, .blocks] where toSource == nil {
          toSource = try kernel(form, target, zoo_dnn_backward_data).map { ($0, form) }
        }
        if toSource == nil { return nil }
      }
      let toWeights = learns ? try kernel(source, target, zoo_dnn_backward_weights) : nil
      if learns, toWeights == nil { return nil }
      return Way(
        source: source, target: target, forward: forward, toSource: toSource,
        toWeights: toWeights, rectifies: fused)
    }
    var chosen: Way?
    for (source, target) in kernels.forms where chosen == nil { chosen = try way(source, target) }
    guard let way = chosen else { return false }

    let x = try place(of: input, way.source)
    let y = newPlace(to, way.target)
    let weight = step.parameters[0]
    guard let ahead = way.forward.layout(zoo_dnn_weights) else { return false }
    let weights = try self.packed(weight, plain, as: ahead)
    run(
      way.forward, "convolution",
      [(zoo_dnn_source, x), (zoo_dnn_weights, weights), (zoo_dnn_target, y)],
      bias: kernels.hasBias ? step.parameters[1] : nil)
    finish(y, step.output, rectifies: rectifies && !way.rectifies)

    onBackward(step) { [self] in
      let dy =
        rectifies
        ? try gradient(of: step.output, behind: y) : try gradient(of: step.output, way.target).place
      if let (kernel, form) = way.toSource,
        let layout = kernel.layout(zoo_dnn_weights)
      {
        let weights = try self.packed(weight, plain, as: layout)
        let dx = newPlace(from, form)
        emit(
          "convolution to source", kernel,
          [
            (zoo_dnn_target_gradient, dy), (zoo_dnn_weights, weights),
            (zoo_dnn_source_gradient, dx),
          ], products: 1)
        contribute(dx, to: input)
      }
      guard let kernel = way.toWeights else { return }
      try learn(
        step.parameters, plain, kernel, "convolution to weights",
        [(zoo_dnn_source, x), (zoo_dnn_target_gradient, dy)])
    }
    return true
  }

  /// Winograd needs a quarter of the multiplications of a 3×3 kernel with stride 1; it pays if
  /// there are enough channels to make its products large (measured with AVX-512).
  private func isWinograds(_ layer: Convolution, _ input: Shape, _ output: Shape) -> Bool {
    let window = layer.window
    return winograd && layer.groups == 1 && window.kernel == 3 && window.stride == 1
      && window.dilation == 1 && min(input.channels, output.channels) >= 64
      && input.channels % 16 == 0 && output.channels % 16 == 0
      && min(output.height, output.width) >= 7
  }

  func dense(_ layer: Dense, _ step: Program.Step) throws -> Bool {
    let input = step.inputs[0]
    guard let plain = WeightLayouts(layer, from: shape(input), packing: false)?.plain,
      let bias = Layout([layer.outputs], zoo_dnn_plain)
    else { return false }
    var request = Operation.Request(
      zoo_dnn_dense, [try layout(shape(input), .plain)],
      target: try layout(shape(step.output), .plain))
    request.weights = plain
    request.bias = layer.bias ? bias : nil
    let rectifies = !step.epilogue.isEmpty
    request.direction = zoo_dnn_training
    request.epilogue = rectifies ? Activation.relu.postOps : []
    var forward = Operation(request)
    let isFused = rectifies && forward != nil
    request.epilogue = []
    forward = forward ?? Operation(request)
    let toSource =
      flow.hasGradient[input] ? Operation(request.directed(zoo_dnn_backward_data)) : nil
    let learns = step.parameters.contains(where: parameters.learns)
    let toWeights = learns ? Operation(request.directed(zoo_dnn_backward_weights)) : nil
    guard let forward, toSource != nil || !flow.hasGradient[input], toWeights != nil || !learns
    else { return false }

    let x = try place(of: input, .plain)
    let y = newPlace(shape(step.output), .plain)
    let weight = step.parameters[0]
    run(
      forward, "dense", [(zoo_dnn_source, x), (zoo_dnn_target, y)], weight: weight,
      bias: layer.bias ? step.parameters[1] : nil)
    finish(y, step.output, rectifies: rectifies && !isFused)

    onBackward(step) { [self] in
      let dy =
        rectifies
        ? try gradient(of: step.output, behind: y) : try gradient(of: step.output, .plain).place
      if let toSource {
        let dx = newPlace(shape(input), .plain)
        run(
          toSource, "dense to source",
          [(zoo_dnn_target_gradient, dy), (zoo_dnn_source_gradient, dx)], weight: weight)
        contribute(dx, to: input)
      }
      guard let toWeights else { return }
      try learn(
        step.parameters, plain, toWeights, "dense to weights",
        [(zoo_dnn_source, x), (zoo_dnn_target_gradient, dy)])
    }
    return true
  }

  /// Applies the rectifier to an output in place if the kernel could not.
  private func finish(_ y: Place, _ value: Program.Value, rectifies: Bool) {
    if rectifies {
      let count = Int64(self.count(y))
      emit("relu", [y.slot]) { run in
        zoo_sum_forward(y.pointer(run), nil, y.pointer(run), count, 1, run.threads)
      }
    }
    places[value] = [y]
  }

  /// Runs a kernel that reads parameters in place.
  private func run(
    _ kernel: Operation, _ name: String, _ arguments: [(zoo_dnn_role, Place)],
    weight: Parameter? = nil, bias: Parameter? = nil
  ) {
    emit(
      name, arguments.map(\.1.slot), scratch: kernel.scratchFloats, products: 1
    ) { run in
      var handed = arguments.map { ($0.0, $0.1.pointer(run)) }
      if let weight {
        handed.append((zoo_dnn_weights, try run.value(of: weight).pointer))
      }
      if let bias { handed.append((zoo_dnn_bias, try run.value(of: bias).pointer)) }
      try kernel.run(handed, scratch: run.scratchpad.base)
    }
  }

  /// The gradients of weights and bias, converted to their own layout once per step.
  private func learn(
    _ parameters: [Parameter], _ plain: Layout, _ kernel: Operation, _ name: String,
    _ arguments: [(zoo_dnn_role, Place)]
  ) throws {
    guard let layout = kernel.layout(zoo_dnn_weights_gradient) else {
      throw ZooError.failure("oneDNN gives no layout for a gradient")
    }
    let biasCount = parameters.count > 1 ? parameters[1].shape.count : 0
    let bias = biasCount > 0 ? place(schedule.newSlot(biasCount), [biasCount]) : nil
    let slots = arguments.map(\.1.slot) + (bias.map { [$0.slot] } ?? [])
    func compute(_ run: Workspace, into weights: UnsafeMutablePointer<Float>) throws {
      try kernel.run(
        arguments.map { ($0.0, $0.1.pointer(run)) } + [(zoo_dnn_weights_gradient, weights)]
          + (bias.map { [(zoo_dnn_bias_gradient, $0.pointer(run))] } ?? []),
        scratch: run.scratchpad.base)
    }
    if layout.equals(plain), self.parameters.learns(parameters[0]) {
      deliver(
        to: parameters[0], name, slots, scratch: kernel.scratchFloats, products: 1
      ) { run, target in try compute(run, into: target) }
    } else {
      let packed = place(newSlot(layout), [layout.floats])
      emit(
        name, slots + [packed.slot], scratch: kernel.scratchFloats, products: 1
      ) { run in try compute(run, into: packed.pointer(run)) }
      if self.parameters.learns(parameters[0]) {
        let unpack = try Operation.reorder(layout, to: plain)
        deliver(
          to: parameters[0], "unpack", [packed.slot], scratch: unpack.scratchFloats
        ) { run, target in
          try unpack.run(
            [(zoo_dnn_source, packed.pointer(run)), (zoo_dnn_target, target)],
            scratch: run.scratchpad.base)
        }
      }
    }
    if let bias, self.parameters.learns(parameters[1]) {
      deliver(to: parameters[1], "unpack", [bias.slot]) { run, target in
        target.update(from: bias.pointer(run), count: biasCount)
      }
    }
  }
}
