/// The sum of two or more values of one shape, element by element.
public struct Add: Layer {
  public init() {}

  public var kind: String { "add" }
  public var needs: Needs { [] }
  public var isElementwise: Bool { true }
  public var isCommutative: Bool { true }

  public func output(_ inputs: [Shape]) throws -> Shape {
    guard inputs.count > 1 else {
      throw ZooError.failure("add takes two inputs or more, not \(inputs.count)")
    }
    for other in inputs where other != inputs[0] {
      throw ZooError.failure("cannot add \(inputs[0]) and \(other)")
    }
    return inputs[0]
  }

  public func forward(_ pass: Pass) {
    let (x, y) = (pass.inputs.map(\.pointer), pass.output.pointer)
    Threads.split(pass.output.count, cost: x.count, multiple: 16) { range in
      if x.count == 2 {
        let (a, b) = (x[0], x[1])
        for i in range { y[i] = a[i] + b[i] }
      } else {
        // Sum all inputs of an element at once, because the output may overwrite the first input.
        for i in range { y[i] = x.dropFirst().reduce(x[0][i]) { $0 + $1[i] } }
      }
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) {
    let dy = gradients.output.pointer
    for case let dx? in gradients.inputs {
      Threads.split(dx.count, multiple: 16) { range in
        add(dy + range.lowerBound, to: dx.pointer + range.lowerBound, range.count)
      }
    }
  }
}
