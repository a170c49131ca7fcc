import ZooKit

extension Program {
  /// Turns layers that work in place into epilogues of the step before them: a convolution applies
  /// its activation and adds a shortcut, and the values between them are never stored.
  public consuming func fused() -> Program {
    let uses = uses
    var program = consume self
    let steps = program.steps
    program.steps = []
    /// The kept step that produces each value, and the kept step after which a value is available.
    var producer: [Value: Int] = [:]
    var kept: [Step] = []
    for step in steps {
      if let (index, others) = program.carrier(of: step, uses, producer) {
        kept[index].epilogue.append(
          .init(layer: step.layer, others: others, constants: step.constants))
        kept[index].name = step.name
        kept[index].output = step.output
        producer[step.output] = index
      } else {
        producer[step.output] = kept.count
        kept.append(step)
      }
    }
    program.steps = kept
    return program
  }

  /// The step that can apply this one as its epilogue: its value has no other reader and the same
  /// shape, and all other inputs are available before it.
  private func carrier(of step: Step, _ uses: [Int], _ producer: [Value: Int])
    -> (index: Int, others: [Value])?
  {
    guard step.layer.inPlace else { return nil }
    // If inputs are interchangeable, the latest one counts, because the others are available before
    // it.
    let candidates = step.layer.isCommutative ? Array(step.inputs.indices) : [0]
    let carriers = candidates.compactMap { position -> (index: Int, others: [Value])? in
      let value = step.inputs[position]
      guard uses[value] == 1, shapes[value] == shapes[step.output], let index = producer[value]
      else { return nil }
      var others = step.inputs
      others.remove(at: position)
      guard others.allSatisfy({ (producer[$0] ?? -1) < index }) else { return nil }
      return (index, others)
    }
    return carriers.max { $0.index < $1.index }
  }
}
