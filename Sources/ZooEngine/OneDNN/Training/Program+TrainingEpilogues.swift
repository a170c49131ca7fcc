import ZooKit

extension Program {
  /// Fuses what one loop can compute in both directions: the sum after a norm, and the rectifier
  /// after a norm, a sum, a convolution or a dense layer. A fused step runs at the place of its
  /// last part.
  consuming func fusedForTraining() -> Program {
    let uses = uses
    var program = consume self
    let steps = program.steps
    var readers: [Value: Int] = [:]
    /// If several norms share statistics, they update them in the order of the graph.
    var norms: [String: Int] = [:]
    for (index, step) in steps.enumerated() {
      for value in step.inputs { readers[value] = index }
      for parameter in step.parameters { norms[parameter.name, default: 0] += 1 }
    }
    var fused: [Int: Step] = [:]
    var taken: Set<Int> = []
    for index in steps.indices where !taken.contains(index) {
      var (step, last) = (steps[index], index)
      /// The only reader of the value so far.
      func follower() -> Int? {
        uses[step.output] == 1
          ? readers[step.output].flatMap { taken.contains($0) ? nil : $0 } : nil
      }
      func append(_ next: Int) {
        let following = steps[next]
        step.parts += (step.parts.isEmpty ? [step] : []) + [following]
        step.epilogue.append(
          .init(
            layer: following.layer, others: following.inputs.filter { $0 != step.output },
            constants: []))
        (step.output, last) = (following.output, next)
        taken.insert(next)
      }
      let isNorm = step.layer is BatchNorm && program.shapes[step.output].rank == 3
      if isNorm, let next = follower(), steps[next].layer is Add, steps[next].inputs.count == 2,
        step.parameters.allSatisfy({ norms[$0.name] == 1 })
      {
        append(next)
      }
      if isNorm || step.layer is Convolution || step.layer is Dense || step.layer is Add,
        let next = follower(), let function = steps[next].layer as? Activation,
        function == .relu || isNorm && function.slope != nil
      {
        append(next)
      }
      fused[last] = step
    }
    program.steps = fused.keys.sorted().compactMap { fused[$0] }
    return program
  }
}
