import ZooKit

extension Program {
  /// Turns layers that work in place into epilogues of the step before them: a convolution applies
  /// its activation and adds a shortcut, and the values between them are never stored.
  public consuming func fused() -> Program {
    let (uses, shapes) = (uses, shapes)
    return merged { step, kept, producer in
      guard let (index, others) = step.carrier(uses, shapes, producer) else { return nil }
      kept[index].epilogue.append(
        .init(layer: step.layer, others: others, constants: step.constants))
      return index
    }
  }
}

extension Program.Step {
  /// The step that can apply this one as its epilogue: its value has no other reader and the same
  /// shape, and all other inputs are available before it.
  fileprivate func carrier(
    _ uses: [Int], _ shapes: [Shape], _ producer: [Program.Value: Int]
  ) -> (index: Int, others: [Program.Value])? {
    guard layer.inPlace else { return nil }
    // If inputs are interchangeable, the latest one counts, because the others are available before
    // it.
    let candidates = layer.isCommutative ? Array(inputs.indices) : [0]
    let carriers = candidates.compactMap { position -> (index: Int, others: [Program.Value])? in
      let value = inputs[position]
      guard uses[value] == 1, shapes[value] == shapes[output], let index = producer[value]
      else { return nil }
      var others = inputs
      others.remove(at: position)
      guard others.allSatisfy({ (producer[$0] ?? -1) < index }) else { return nil }
      return (index, others)
    }
    return carriers.max { $0.index < $1.index }
  }
}
