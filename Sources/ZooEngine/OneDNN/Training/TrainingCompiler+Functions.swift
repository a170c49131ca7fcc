import COneDNN
import ZooKit

// Activation functions.

extension TrainingCompiler {
  /// Element by element in any layout. The padding of blocks is zero and must stay zero.
  func elementwise(_ layer: any Layer, _ step: Program.Step) throws -> Bool {
    guard step.inputs.count == 1, step.parameters.isEmpty else { return false }
    let input = step.inputs[0]
    let form = self.form(of: input)
    if shape(step.output)[0] % 16 != 0, try !keepsZero(layer) { return false }
    if let layer = layer as? Activation, try compiled(layer, step) { return true }
    let x = try place(of: input, form)
    let y = newPlace(shape(step.output), form)
    let count = self.count(y)
    if layer as? Activation == .relu {
      emit("relu", [x.slot, y.slot]) { run in
        zoo_sum_forward(x.pointer(run), nil, y.pointer(run), Int64(count), 1, run.threads)
      }
      onBackward(step) { [self] in
        contribute(try gradient(of: step.output, behind: y), to: input)
      }
    } else {
      func pass(_ run: Workspace) -> Pass {
        Pass(
          mode: .inference, inputs: [TensorView(x.pointer(run), batch: 1, shape: [count])],
          parameters: [], output: TensorView(y.pointer(run), batch: 1, shape: [count]),
          scratch: run.scratch)
      }
      emit(layer.kind, [x.slot, y.slot]) { run in try layer.forward(pass(run)) }
      onBackward(step) { [self] in
        let dy = try gradient(of: step.output, form).place
        let dx = newPlace(shape(step.output), form)
        var uses = [dy.slot, dx.slot]
        if layer.needs.contains(.inputs) { uses.append(x.slot) }
        if layer.needs.contains(.output) { uses.append(y.slot) }
        emit("\(layer.kind) backward", uses) { run in
          let target = TensorView(dx.pointer(run), batch: 1, shape: [count])
          target.values.update(repeating: 0)
          try layer.backward(
            pass(run),
            Gradients(
              output: TensorView(dy.pointer(run), batch: 1, shape: [count]), inputs: [target],
              parameters: [], rule: run.rule))
        }
        contribute(dx, to: input)
      }
    }
    places[step.output] = [y]
    return true
  }

  private func keepsZero(_ layer: any Layer) throws -> Bool {
    var zero: Float = 0
    try withUnsafeMutablePointer(to: &zero) { zero in
      let view = TensorView(zero, batch: 1, shape: [1])
      try layer.forward(
        Pass(mode: .inference, inputs: [view], parameters: [], output: view, scratch: Scratch()))
    }
    return zero == 0
  }

  /// Functions with exponentials, using the library's vectorised ones.
  private func compiled(_ layer: Activation, _ step: Program.Step) throws -> Bool {
    switch layer {
    case .sigmoid, .tanh, .silu, .mish: break
    case .relu, .relu6, .leakyReLU, .hardSigmoid, .hardSwish: return false
    }
    guard shape(step.output).rank == 3 else { return false }
    return try simple(step, layer.kind, readsInput: true) { source, target in
      var request = Operation.Request(zoo_dnn_elementwise, [source], target: target)
      request.epilogue = layer.postOps
      return request
    }
  }
}
