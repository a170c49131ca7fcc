// Errors of layers about inputs that do not fit.

extension Layer {
  /// The single input.
  package func one(_ inputs: [Shape]) throws -> Shape {
    guard inputs.count == 1 else {
      throw ZooError.failure("\(kind) takes one input, not \(inputs.count)")
    }
    return inputs[0]
  }

  /// The single input, a non-empty map C×H×W.
  package func map(_ inputs: [Shape]) throws -> Shape {
    let shape = try one(inputs)
    guard shape.rank == 3, shape.count > 0 else {
      throw ZooError.failure("\(kind) takes a map C×H×W, not \(shape)")
    }
    return shape
  }
}
