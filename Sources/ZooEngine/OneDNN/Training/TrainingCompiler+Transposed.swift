import COneDNN
import ZooKit

// Transposed convolutions: what decoders grow by.

extension TrainingCompiler {
  func transposedConvolution(_ layer: TransposedConvolution, _ index: Int) throws -> Bool {
    let operation = graph.operations[index]
    let input = operation.inputs[0]
    let (kernel, outputs, inputs) = (layer.window.kernel, layer.outputs, shape(input).channels)
    let taps = kernel.height * kernel.width
    let axes = [outputs, inputs, kernel.height, kernel.width]
    // The library counts outputs first; the weights lie with the inputs first.
    guard layer.groups == 1, layer.window.padding.bottom >= layer.outputPadding.height,
      layer.window.padding.right >= layer.outputPadding.width,
      let plain = Layout(axes, strides: [taps, outputs * taps, kernel.width, 1]),
      let packed = Layout(axes, zoo_dnn_any), let bias = Layout([outputs], zoo_dnn_plain)
    else { return false }
    let learns = operation.parameters.contains(where: parameters.learns)

    /// The learners for every direction that is wanted, with the same form everywhere.
    func way(_ form: Place.Form) throws -> (Learner, toSource: Learner?, toWeights: Learner?)? {
      var lesson = Learner.Lesson(
        zoo_dnn_transposed_convolution, try layout(shape(input), form),
        try layout(operation.shape, form))
      lesson.weights = packed
      lesson.bias = layer.bias ? bias : nil
      lesson.window = layer.window
      lesson.window.padding.bottom -= layer.outputPadding.height
      lesson.window.padding.right -= layer.outputPadding.width
      let toSource = walk.hasGradient[input] ? Learner(lesson, zoo_dnn_back_to_source) : nil
      let toWeights = learns ? Learner(lesson, zoo_dnn_back_to_weights) : nil
      guard let ahead = Learner(lesson, zoo_dnn_ahead), toSource != nil || !walk.hasGradient[input],
        toWeights != nil || !learns
      else { return nil }
      return (ahead, toSource, toWeights)
    }
    var form = Place.Form.blocks
    var chosen = try way(form)
    if chosen == nil {
      form = .plain
      chosen = try way(form)
    }
    guard let (ahead, toSource, toWeights) = chosen,
      let wanted = ahead.layout(zoo_dnn_of_weights)
    else { return false }

    let weight = operation.parameters[0]
    let x = try place(of: input, form)
    let y = newPlace(operation.shape, form)
    run(
      ahead, "transposed convolution",
      [
        (zoo_dnn_of_source, x), (zoo_dnn_of_weights, try self.packed(weight, plain, as: wanted)),
        (zoo_dnn_of_target, y),
      ], bias: layer.bias ? operation.parameters[1] : nil)
    places[index] = [y]

    onTheWayBack(index) { [self] in
      let dy = try gradient(of: index, form).place
      if let toSource, let wanted = toSource.layout(zoo_dnn_of_weights) {
        let weights = try self.packed(weight, plain, as: wanted)
        let dx = newPlace(shape(input), form)
        emit(
          "transposed convolution to source", toSource,
          [
            (zoo_dnn_gradient_of_target, dy), (zoo_dnn_of_weights, weights),
            (zoo_dnn_gradient_of_source, dx),
          ])
        contribute(dx, to: input)
      }
      guard let toWeights else { return }
      try learn(
        operation.parameters, plain, toWeights, "transposed convolution to weights",
        [(zoo_dnn_of_source, x), (zoo_dnn_gradient_of_target, dy)])
    }
    return true
  }
}
