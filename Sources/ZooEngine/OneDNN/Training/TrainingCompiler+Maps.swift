import COneDNN
import ZooKit

extension TrainingCompiler {
  /// A layer without parameters, from a map to a map.
  func map(_ step: Program.Step) throws -> Bool {
    let (input, output) = (shape(step.inputs[0]), shape(step.output))
    guard input.rank == 3, output.rank == 3 else { return false }
    if Pooling(step.layer, input, output)?.isNothing ?? false { return try identity(step) }
    let readsInput = step.layer is LocalResponseNorm
    return try simple(step, step.layer.kind, readsInput: readsInput) { source, target in
      Operation.Request(step.layer, from: input, to: output, source, target)
    }
  }

  /// An operation without parameters, from a map to a map, in the current layout.
  /// - Parameter readsInput: whether backward reads the input too.
  func simple(
    _ step: Program.Step, _ name: String, readsInput: Bool,
    _ request: (Layout, Layout) -> Operation.Request?
  ) throws -> Bool {
    let input = step.inputs[0]
    for form in [form(of: input), .plain] {
      guard
        let wanted = request(try layout(shape(input), form), try layout(shape(step.output), form))
      else { return false }
      let backward =
        flow.hasGradient[input] ? Operation(wanted.directed(zoo_dnn_backward_data)) : nil
      guard let forward = Operation(wanted.directed(zoo_dnn_training)),
        backward != nil || !flow.hasGradient[input]
      else { continue }
      let x = try place(of: input, form)
      let y = newPlace(shape(step.output), form)
      let workspace = forward.layout(zoo_dnn_workspace).map {
        place(newSlot($0), [$0.floats])
      }
      let notes = workspace.map { [(zoo_dnn_workspace, $0)] } ?? []
      emit(name, forward, [(zoo_dnn_source, x), (zoo_dnn_target, y)] + notes)
      places[step.output] = [y]
      onBackward(step) { [self] in
        guard let backward else { return }
        let dy = try gradient(of: step.output, form).place
        let dx = newPlace(shape(input), form)
        emit(
          "\(name) backward", backward,
          [(zoo_dnn_target_gradient, dy), (zoo_dnn_source_gradient, dx)]
            + (backward.layout(zoo_dnn_workspace) == nil ? [] : notes)
            + (readsInput ? [(zoo_dnn_source, x)] : []))
        contribute(dx, to: input)
      }
      return true
    }
    return false
  }
}
