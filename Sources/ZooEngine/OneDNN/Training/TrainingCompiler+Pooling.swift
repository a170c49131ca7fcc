import COneDNN
import ZooKit

extension TrainingCompiler {
  func pool(_ layer: any Layer, _ index: Int) throws -> Bool {
    guard let pooling = Pooling(layer, shape(graph.operations[index].inputs[0]), shape(index))
    else {
      return false
    }
    if pooling.isNothing { return try identity(index) }
    return try simple(index, "pool", readsInput: false) { source, target in
      var request = Operation.Request(pooling.kind, [source], target: target)
      request.window = pooling.window
      return request
    }
  }

  /// An operation without parameters, from a map to a map in the form that it finds.
  /// - Parameter readsInput: on the way back too.
  func simple(
    _ index: Int, _ name: String, readsInput: Bool,
    _ request: (Layout, Layout) -> Operation.Request
  ) throws -> Bool {
    let input = graph.operations[index].inputs[0]
    for form in [form(of: input), .plain] {
      let wanted = request(try layout(shape(input), form), try layout(shape(index), form))
      let backward =
        walk.hasGradient[input] ? Operation(wanted.directed(zoo_dnn_backward_data)) : nil
      guard let forward = Operation(wanted.directed(zoo_dnn_training)),
        backward != nil || !walk.hasGradient[input]
      else { continue }
      let x = try place(of: input, form)
      let y = newPlace(shape(index), form)
      let workspace = forward.layout(zoo_dnn_workspace).map {
        place(newSlot($0), [$0.floats])
      }
      let notes = workspace.map { [(zoo_dnn_workspace, $0)] } ?? []
      emit(name, forward, [(zoo_dnn_source, x), (zoo_dnn_target, y)] + notes)
      places[index] = [y]
      onTheWayBack(index) { [self] in
        guard let backward else { return }
        let dy = try gradient(of: index, form).place
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
