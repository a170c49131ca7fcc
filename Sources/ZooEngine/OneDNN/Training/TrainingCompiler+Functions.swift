import COneDNN
import ZooKit

// The functions between layers.

extension TrainingCompiler {
  /// Element by element, however the elements lie: what pads a block is zero and stays so.
  func activation(_ layer: Activation, _ index: Int) throws -> Bool {
    if layer == .sigmoid, shape(index)[0] % 16 != 0 { return false }
    if try compiled(layer, index) { return true }
    let input = graph.operations[index].inputs[0]
    let form = self.form(of: input)
    let x = try place(of: input, form)
    let y = newPlace(shape(index), form)
    let count = self.count(y)
    if layer == .relu {
      emit("relu", [x.slot, y.slot]) { run in
        zoo_sum_forward(x.pointer(run), nil, y.pointer(run), Int64(count), 1, run.threads)
      }
      onTheWayBack(index) { [self] in
        contribute(try gradient(of: index, behind: y), to: input)
      }
    } else {
      func pass(_ run: OneDNNTraining) -> Pass {
        Pass(
          mode: .inference, inputs: [TensorView(x.pointer(run), batch: 1, shape: [count])],
          parameters: [], output: TensorView(y.pointer(run), batch: 1, shape: [count]),
          scratch: run.scratch)
      }
      emit(layer.kind, [x.slot, y.slot]) { run in layer.forward(pass(run)) }
      onTheWayBack(index) { [self] in
        let dy = try gradient(of: index, form).place
        let dx = newPlace(shape(index), form)
        var uses = [dy.slot, dx.slot]
        if layer.needs.contains(.inputs) { uses.append(x.slot) }
        if layer.needs.contains(.output) { uses.append(y.slot) }
        emit("\(layer.kind) backward", uses) { run in
          let target = TensorView(dx.pointer(run), batch: 1, shape: [count])
          target.values.update(repeating: 0)
          layer.backward(
            pass(run),
            Gradients(
              output: TensorView(dy.pointer(run), batch: 1, shape: [count]), inputs: [target],
              parameters: [], rule: run.plainRule))
        }
        contribute(dx, to: input)
      }
    }
    places[index] = [y]
    return true
  }

  /// What has exponentials in it, with the library's vectors of them.
  private func compiled(_ layer: Activation, _ index: Int) throws -> Bool {
    switch layer {
    case .sigmoid, .tanh, .silu, .mish: break
    case .relu, .relu6, .leakyReLU, .hardSigmoid, .hardSwish: return false
    }
    guard shape(index).rank == 3 else { return false }
    return try simple(index, layer.kind, readsInput: true) { source, target in
      var request = Operation.Request(zoo_dnn_elementwise, [source], target: target)
      request.epilogue = layer.postOps
      return request
    }
  }
}
