import ZooKit

extension Program {
  /// Makes layers that work in place epilogues of the step before them: a convolution applies its
  /// activation and adds a shortcut, and their values never exist by themselves.
  public consuming func fused() -> Program {
    let uses = uses
    var program = consume self
    let steps = program.steps
    program.steps = []
    /// Which kept step makes a value, and at which kept step a value is ready.
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

  /// The step that can carry this one: it makes a value that only this one reads, of the shape
  /// that this one gives, and whatever else this one reads is there before it.
  private func carrier(of step: Step, _ uses: [Int], _ producer: [Value: Int])
    -> (index: Int, others: [Value])?
  {
    guard step.layer.inPlace else { return nil }
    // Where inputs may change places, the latest one counts: the others are there before it.
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
