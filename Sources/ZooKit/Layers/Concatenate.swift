/// Concatenates values along the first axis of an item: the channels of maps.
public struct Concatenate: Layer {
  public init() {}

  public var kind: String { "concat" }
  public var needs: Needs { [] }
  public var dependsOnMode: Bool { false }

  public func output(_ inputs: [Shape]) throws -> Shape {
    guard let first = inputs.first, first.rank > 0 else {
      throw ZooError.failure("concat takes maps or vectors")
    }
    for other in inputs
    where other.rank != first.rank || other.sizes.dropFirst() != first.sizes.dropFirst() {
      throw ZooError.failure("cannot concatenate \(first) and \(other)")
    }
    return Shape([inputs.reduce(0) { $0 + $1[0] }] + first.sizes.dropFirst())
  }

  public func forward(_ pass: Pass) {
    for item in 0..<pass.output.batch {
      var target = pass.output[item]
      for x in pass.inputs {
        target.update(from: x[item], count: x.stride)
        target += x.stride
      }
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) {
    for item in 0..<gradients.output.batch {
      var source = gradients.output[item]
      for (x, dx) in zip(pass.inputs, gradients.inputs) {
        if let dx { add(source, to: dx[item], x.stride) }
        source += x.stride
      }
    }
  }
}
