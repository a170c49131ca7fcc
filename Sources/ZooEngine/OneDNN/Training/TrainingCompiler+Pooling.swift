import COneDNN
import ZooKit

extension TrainingCompiler {
  func maxPool(_ layer: MaxPool, _ index: Int) throws -> Bool {
    guard layer.window.dilation == 1 else { return false }
    return try pool(zoo_dnn_max_pool, layer.window, index)
  }

  func averagePool(_ layer: AveragePool, _ index: Int) throws -> Bool {
    guard layer.countsPadding else {
      return try pool(zoo_dnn_average_pool_inside, layer.window, index)
    }
    // The library would also count what a window reaches beyond the border.
    let padding = reach(layer.window, index)
    guard padding.bottom <= layer.window.padding.bottom,
      padding.right <= layer.window.padding.right
    else { return false }
    return try pool(zoo_dnn_average_pool, layer.window, index)
  }

  /// Where the sizes divide, the windows are those of a plain pooling.
  func adaptivePool(_ layer: AdaptivePool, _ index: Int) throws -> Bool {
    let (input, size) = (shape(graph.operations[index].inputs[0]), layer.size)
    guard input.height % size.height == 0, input.width % size.width == 0 else { return false }
    let kernel = Window.Size(input.height / size.height, input.width / size.width)
    if kernel == 1 { return try passOn(index) }
    return try pool(
      layer.reduction == .average ? zoo_dnn_average_pool : zoo_dnn_max_pool,
      Window(kernel, stride: kernel), index)
  }

  private func pool(_ kind: zoo_dnn_kind, _ window: Window, _ index: Int) throws -> Bool {
    var window = window
    window.padding = reach(window, index)
    return try simple(index, "pool", readsInput: false) { source, target in
      var lesson = Learner.Lesson(kind, source, target)
      lesson.window = window
      return lesson
    }
  }

  /// The padding at the bottom and right that the last windows use.
  private func reach(_ window: Window, _ index: Int) -> Window.Padding {
    let (input, output) = (shape(graph.operations[index].inputs[0]), shape(index))
    let (kernel, stride) = (window.kernel, window.stride)
    var padding = window.padding
    let bottom = (output.height - 1) * stride.height + kernel.height - input.height - padding.top
    let right = (output.width - 1) * stride.width + kernel.width - input.width - padding.left
    (padding.bottom, padding.right) = (max(0, bottom), max(0, right))
    return padding
  }

  /// An operation without parameters, from a map to a map in the form that it finds.
  /// - Parameter readsInput: on the way back too.
  func simple(
    _ index: Int, _ name: String, readsInput: Bool, _ lesson: (Layout, Layout) -> Learner.Lesson
  ) throws -> Bool {
    let input = graph.operations[index].inputs[0]
    for form in [form(of: input), .plain] {
      let wanted = lesson(try layout(shape(input), form), try layout(shape(index), form))
      let backward = walk.hasGradient[input] ? Learner(wanted, zoo_dnn_back_to_source) : nil
      guard let forward = Learner(wanted, zoo_dnn_ahead),
        backward != nil || !walk.hasGradient[input]
      else { continue }
      let x = try place(of: input, form)
      let y = newPlace(shape(index), form)
      let workspace = forward.layout(zoo_dnn_of_workspace).map {
        place(newSlot($0), [$0.floats])
      }
      let notes = workspace.map { [(zoo_dnn_of_workspace, $0)] } ?? []
      emit(name, forward, [(zoo_dnn_of_source, x), (zoo_dnn_of_target, y)] + notes)
      places[index] = [y]
      onTheWayBack(index) { [self] in
        guard let backward else { return }
        let dy = try gradient(of: index, form).place
        let dx = newPlace(shape(input), form)
        emit(
          "\(name) backward", backward,
          [(zoo_dnn_gradient_of_target, dy), (zoo_dnn_gradient_of_source, dx)] + notes
            + (readsInput ? [(zoo_dnn_of_source, x)] : []))
        contribute(dx, to: input)
      }
      return true
    }
    return false
  }
}
