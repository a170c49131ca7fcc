/// The axes of an item in another order, as PyTorch's `permute` does: axis i of the output is axis
/// `axes[i]` of the input.
public struct Permute: Rearrangement {
  /// Without the batch, which stays first: [1, 2, 0] makes H×W×C of C×H×W.
  public var axes: [Int]

  public init(axes: [Int]) { self.axes = axes }

  public var kind: String { "permute" }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let input = try one(inputs)
    guard axes.sorted() == Array(0..<input.rank) else {
      throw ZooError.failure("\(axes) is not an order of the \(input.rank) axes of \(input)")
    }
    return Shape(axes.map { input[$0] })
  }

  func places(_ input: Shape, _ output: Shape, batch: Int) -> Places {
    let strides = Places.strides(input.sizes)
    return Places(sizes: [batch] + output.sizes, strides: [input.count] + axes.map { strides[$0] })
  }
}
