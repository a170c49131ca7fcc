import COneDNN
import ZooKit

extension TrainingCompiler {
  /// On plain arrays, with the layer's own code.
  func compileLayer(_ step: Program.Step) throws {
    let (layer, isTraining, key) = (step.layer, step.isTraining, step.name)
    let inputs = try step.inputs.map { try place(of: $0, .plain) }
    let y = newPlace(shape(step.output), .plain)
    let saved =
      isTraining
      ? layer.saved(step.inputs.map(shape), batch: batch).map {
        place(schedule.newSlot($0.count), $0)
      } : []

    func pass(_ run: Workspace) throws -> Pass {
      Pass(
        mode: isTraining ? .training(run.random.key(key)) : .inference,
        inputs: inputs.map { TensorView($0.pointer(run), batch: run.batch, shape: $0.shape) },
        parameters: try step.parameters.map { try run.value(of: $0) },
        output: TensorView(y.pointer(run), batch: run.batch, shape: y.shape),
        saved: saved.map { TensorView($0.pointer(run), batch: 1, shape: $0.shape) },
        scratch: run.scratch)
    }
    emit("\(layer.kind) layer", (inputs + [y] + saved).map(\.slot), products: 1) { run in
      try layer.forward(try pass(run))
    }
    places[step.output] = [y]

    onBackward(step) { [self] in
      let dy = try gradient(of: step.output, .plain).place
      var targets: [Int: Place] = [:]
      for input in step.inputs where flow.hasGradient[input] && targets[input] == nil {
        targets[input] = newPlace(shape(input), .plain)
      }
      var used = [dy] + saved + targets.values
      if layer.needs.contains(.inputs) { used += inputs }
      if layer.needs.contains(.output) { used.append(y) }
      let areFirst = step.parameters.map { parameters.learns($0) && isFirst(to: $0) }
      let places = step.inputs.map { targets[$0] }
      let learns = step.parameters.contains(where: parameters.learns)
      let products = (targets.isEmpty ? 0 : 1) + (learns ? 1 : 0)
      emit("\(layer.kind) layer backward", used.map(\.slot), products: products) { run in
        for target in targets.values {
          target.pointer(run).update(repeating: 0, count: run.batch * target.shape.count)
        }
        let gradients = step.parameters.map { run.gradient(of: $0) }
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
            parameters: gradients, rule: run.rule))
      }
      for (input, target) in targets.sorted(by: { $0.key < $1.key }) {
        contribute(target, to: input)
      }
    }
  }
}
