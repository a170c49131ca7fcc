import ZooKit

/// The conversion of a tensor from a channels-last framework to our layout.
public enum LayoutChange: Hashable, Sendable {
  case none
  /// A convolution, height×width×in×out there and out×in×height×width here; a transposed one,
  /// height×width×out×in there and in×out×height×width here.
  case kernel
  /// A depthwise convolution, height×width×channels×multiplier there.
  case depthwiseKernel
  /// A dense layer, in×out there and out×in here.
  case transpose
  /// A dense layer after a flattened map, whose inputs are also in another order. The index there
  /// of each of our inputs.
  case flattened([Int])
  /// One number per element of a flattened map.
  case reordered([Int])

  /// Our shape for a tensor with that shape there; nil if the change does not apply.
  public func shape(from there: Shape) -> Shape? {
    let sizes = there.sizes
    switch (self, sizes.count) {
    case (.none, _): return there
    case (.kernel, 4): return [sizes[3], sizes[2], sizes[0], sizes[1]]
    case (.depthwiseKernel, 4):
      return Shape(checked: [sizes[2] * sizes[3], 1, sizes[0], sizes[1]])
    case (.transpose, 2): return [sizes[1], sizes[0]]
    case (.flattened(let order), 2): return order.count == sizes[0] ? [sizes[1], sizes[0]] : nil
    case (.reordered(let order), 1): return order.count == sizes[0] ? there : nil
    default: return nil
    }
  }

  /// The shape there for a tensor with this shape here.
  package func shape(back here: Shape) -> Shape? {
    let sizes = here.sizes
    switch (self, sizes.count) {
    case (.none, _), (.reordered, 1): return here
    case (.kernel, 4): return [sizes[2], sizes[3], sizes[1], sizes[0]]
    case (.transpose, 2), (.flattened, 2): return [sizes[1], sizes[0]]
    default: return nil
    }
  }

  /// Converts the numbers; `here` is the shape from ``shape(from:)``.
  package func apply(
    _ source: UnsafeBufferPointer<Float>, _ there: Shape,
    to target: UnsafeMutableBufferPointer<Float>
  ) {
    move(there: there) { target[$0] = source[$1] }
  }

  /// The inverse of `apply`.
  package func revert(
    _ source: UnsafeBufferPointer<Float>, _ there: Shape,
    to target: UnsafeMutableBufferPointer<Float>
  ) {
    move(there: there) { target[$1] = source[$0] }
  }

  /// Calls the body with every pair of indices, here and there.
  @inline(__always)
  private func move(there shape: Shape, _ pair: (_ here: Int, _ there: Int) -> Void) {
    switch self {
    case .none: for index in 0..<shape.count { pair(index, index) }
    case .kernel:
      LayoutChange.transpose(rows: shape[0] * shape[1], columns: shape[2] * shape[3]) { place, io in
        // in×out there, out×in here.
        let here = io % shape[3] * shape[2] + io / shape[3]
        pair(here * shape[0] * shape[1] + place, place * shape[2] * shape[3] + io)
      }
    case .depthwiseKernel:
      let places = shape[0] * shape[1]
      let channels = shape[2] * shape[3]
      LayoutChange.transpose(rows: places, columns: channels) { place, channel in
        pair(channel * places + place, place * channels + channel)
      }
    case .transpose:
      LayoutChange.transpose(rows: shape[0], columns: shape[1]) { input, output in
        pair(output * shape[0] + input, input * shape[1] + output)
      }
    case .flattened(let order):
      LayoutChange.transpose(rows: shape[0], columns: shape[1]) { input, output in
        pair(output * shape[0] + input, order[input] * shape[1] + output)
      }
    case .reordered(let order):
      for index in order.indices { pair(index, order[index]) }
    }
  }

  /// In blocks that stay in the cache.
  @inline(__always)
  private static func transpose(rows: Int, columns: Int, _ pair: (Int, Int) -> Void) {
    let block = 32
    for firstRow in stride(from: 0, to: rows, by: block) {
      for firstColumn in stride(from: 0, to: columns, by: block) {
        for row in firstRow..<min(rows, firstRow + block) {
          for column in firstColumn..<min(columns, firstColumn + block) { pair(row, column) }
        }
      }
    }
  }
}
