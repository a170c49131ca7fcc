import COneDNN
import ZooKit

extension TrainingCompiler {
  /// On plain arrays, as the layer does it.
  func compileLayer(_ index: Int) throws {
    let operation = graph.operations[index]
    let (layer, names, parameters) = (operation.layer, operation.parameters, parameters)
    let inputs = try operation.inputs.map { try place(of: $0, .plain) }
    let y = newPlace(operation.shape, .plain)
    let saved =
      walk.isTraining[index]
      ? layer.saved(operation.inputs.map(shape), batch: batch).map { place(newSlot($0.count), $0) }
      : []
    let isTraining = walk.isTraining[index]

    func pass(_ run: OneDNNTraining) throws -> Pass {
      Pass(
        mode: isTraining ? .training(run.random.key(operation.name)) : .inference,
        inputs: inputs.map { TensorView($0.pointer(run), batch: run.batch, shape: $0.shape) },
        parameters: try names.map { try parameters.value(of: $0) },
        output: TensorView(y.pointer(run), batch: run.batch, shape: y.shape),
        saved: saved.map { TensorView($0.pointer(run), batch: 1, shape: $0.shape) },
        scratch: run.scratch)
    }
    emit("\(layer.kind) layer", (inputs + [y] + saved).map(\.slot)) { run in
      try layer.forward(try pass(run))
    }
    places[index] = [y]

    onTheWayBack(index) { [self] in
      let dy = try gradient(of: index, .plain).place
      var targets: [Int: Place] = [:]
      for input in operation.inputs where walk.hasGradient[input] && targets[input] == nil {
        targets[input] = newPlace(shape(input), .plain)
      }
      var used = [dy] + saved + targets.values
      if layer.needs.contains(.inputs) { used += inputs }
      if layer.needs.contains(.output) { used.append(y) }
      let areFirst = names.map { parameters.learns($0) && isFirst(to: $0) }
      let places = operation.inputs.map { targets[$0] }
      emit("\(layer.kind) layer backward", used.map(\.slot)) { run in
        for target in targets.values {
          target.pointer(run).update(repeating: 0, count: run.batch * target.shape.count)
        }
        let gradients = names.map { parameters.gradient(of: $0) }
        for (gradient, isFirst) in zip(gradients, areFirst) where isFirst && !run.isAccumulating {
          gradient?.values.update(repeating: 0)
        }
        try layer.backward(
          try pass(run),
          Gradients(
            output: TensorView(dy.pointer(run), batch: run.batch, shape: dy.shape),
            inputs: places.map { place in
              place.map { TensorView($0.pointer(run), batch: run.batch, shape: $0.shape) }
            },
            parameters: gradients, rule: run.plainRule))
      }
      for (input, target) in targets.sorted(by: { $0.key < $1.key }) {
        contribute(target, to: input)
      }
    }
  }
}
