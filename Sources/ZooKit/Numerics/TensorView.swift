/// A batch of values of one shape somewhere in an arena, which a layer reads or writes while a plan
/// runs. A view does not own its memory.
public struct TensorView {
  public let pointer: UnsafeMutablePointer<Float>
  public let batch: Int
  /// The shape of one item, without the batch.
  public let shape: Shape
  /// Elements per item.
  public let stride: Int

  public init(_ pointer: UnsafeMutablePointer<Float>, batch: Int, shape: Shape) {
    self.pointer = pointer
    self.batch = batch
    self.shape = shape
    stride = shape.count
  }

  public var count: Int { batch * stride }
  public var values: UnsafeMutableBufferPointer<Float> { .init(start: pointer, count: count) }
  public subscript(item: Int) -> UnsafeMutablePointer<Float> { pointer + item * stride }
}
