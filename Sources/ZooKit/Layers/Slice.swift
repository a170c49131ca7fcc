/// Every `step`-th index of a range along one axis of an item.
public struct Slice: Layer {
  /// Without the batch: 0 is the channels of a map.
  public var axis: Int
  public var range: Range<Int>
  public var step: Int

  public init(axis: Int = 0, range: Range<Int>, step: Int = 1) {
    self.axis = axis
    self.range = range
    self.step = step
  }

  public var kind: String { "slice" }
  public var needs: Needs { [] }
  public var dependsOnMode: Bool { false }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let input = try one(inputs)
    guard input.sizes.indices.contains(axis) else {
      throw ZooError.failure("cannot slice axis \(axis) of \(input)")
    }
    guard step > 0, !range.isEmpty, range.lowerBound >= 0, range.upperBound <= input[axis] else {
      throw ZooError.failure(
        "cannot take \(range) in steps of \(step) from axis \(axis) of \(input)")
    }
    var sizes = input.sizes
    sizes[axis] = (range.count - 1) / step + 1
    return Shape(sizes)
  }

  /// Calls the body for every contiguous run of elements: its start in the input, its start in the
  /// output, and its length.
  private func forEachRun(
    _ input: Shape, batch: Int, _ body: (_ from: Int, _ to: Int, _ count: Int) -> Void
  ) {
    let outer = batch * input.sizes[..<axis].reduce(1, *)
    let inner = input.sizes[(axis + 1)...].reduce(1, *)
    var to = 0
    // Neighbours along the axis stay contiguous.
    if step == 1 {
      for block in 0..<outer {
        let count = range.count * inner
        body((block * input[axis] + range.lowerBound) * inner, block * count, count)
      }
      return
    }
    for block in 0..<outer {
      for index in stride(from: range.lowerBound, to: range.upperBound, by: step) {
        body((block * input[axis] + index) * inner, to, inner)
        to += inner
      }
    }
  }

  public func forward(_ pass: Pass) {
    let (x, y) = (pass.inputs[0], pass.output.pointer)
    forEachRun(x.shape, batch: x.batch) { from, to, count in
      (y + to).update(from: x.pointer + from, count: count)
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) {
    guard let dx = gradients.inputs[0] else { return }
    forEachRun(dx.shape, batch: dx.batch) { from, to, count in
      add(gradients.output.pointer + to, to: dx.pointer + from, count)
    }
  }
}
