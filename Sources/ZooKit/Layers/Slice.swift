/// Every `step`-th index of a range along one axis of an item.
public struct Slice: Rearrangement {
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

  func places(_ input: Shape, _ output: Shape, batch: Int) -> Places {
    var strides = Places.strides([batch] + input.sizes)
    let start = range.lowerBound * strides[axis + 1]
    strides[axis + 1] *= step
    return Places(sizes: [batch] + output.sizes, strides: strides, start: start)
  }
}
