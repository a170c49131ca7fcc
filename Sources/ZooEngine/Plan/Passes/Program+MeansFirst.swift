import ZooKit

extension Program {
  /// Moves average pooling from after a 1×1 convolution to before it. Both are linear, and the
  /// convolution then has a quarter of the positions (the transitions of DenseNet, Huang et al.
  /// 2017, arXiv:1608.06993).
  public consuming func poolingFirst() -> Program {
    let uses = uses
    var program = consume self
    var producer: [Value: Int] = [:]
    for index in program.steps.indices {
      let pool = program.steps[index]
      producer[pool.output] = index
      guard let window = (pool.layer as? AveragePool)?.window, window.padding == 0,
        window.kernel == window.stride, uses[pool.inputs[0]] == 1,
        let before = producer[pool.inputs[0]],
        let convolution = program.steps[before].layer as? Convolution,
        convolution.window == Window(1), program.steps[before].epilogue.isEmpty
      else { continue }
      let (source, between) = (program.steps[before].inputs[0], pool.inputs[0])
      let (input, output) = (program.shapes[source], program.shapes[pool.output])
      // A window that ends outside averages fewer values, so the bias would not average to itself.
      guard output.height * window.stride.height <= input.height,
        output.width * window.stride.width <= input.width
      else { continue }
      program.shapes[between] = [input.channels, output.height, output.width]
      var (first, second) = (pool, program.steps[before])
      (first.inputs, first.output) = ([source], between)
      // The pool's value keeps its name, which now belongs to the convolution.
      (second.inputs, second.output) = ([between], pool.output)
      (second.epilogue, first.epilogue) = (pool.epilogue, [])
      (first.name, second.name) = (second.name, pool.name)
      (program.steps[before], program.steps[index]) = (first, second)
      (producer[between], producer[pool.output]) = (before, index)
    }
    return program
  }
}
