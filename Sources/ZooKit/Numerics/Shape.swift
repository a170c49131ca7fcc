/// The sizes of an array along its axes, outermost first.
///
/// In a ``Graph`` a shape omits the batch, the only free dimension: a picture is `3×224×224`. The
/// shape of a ``Tensor`` or a ``Parameter`` has every axis.
///
/// ```swift
/// let kernel: Shape = [64, 3, 7, 7]
/// kernel.count          // 9408
/// "\(kernel)"           // 64×3×7×7
/// ```
public struct Shape: Hashable, Sendable {
  public let sizes: [Int]

  /// Sizes that the program itself chose; sizes from a file go through ``init(checked:)``.
  public init(_ sizes: [Int]) { self.sizes = sizes }

  /// Sizes from outside: nil unless all are non-negative and an array of the widest element type
  /// with this shape can be addressed.
  public init?(checked sizes: [Int]) {
    guard sizes.count <= 32 else { return nil }
    var bytes = 8
    for size in sizes where size != 0 {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
      guard size > 0, !overflow else { return nil }
      bytes = product
    }
    self.sizes = sizes
  }

  /// The number of elements.
  public var count: Int { sizes.reduce(1, *) }
  public var rank: Int { sizes.count }
  public subscript(axis: Int) -> Int { sizes[axis] }

  // The axes of a feature map, C×H×W.
  public var channels: Int { sizes[0] }
  public var height: Int { sizes[1] }
  public var width: Int { sizes[2] }
}

extension Shape: ExpressibleByArrayLiteral {
  public init(arrayLiteral sizes: Int...) { self.init(sizes) }
}

extension Shape: CustomStringConvertible {
  public var description: String {
    sizes.isEmpty ? "scalar" : sizes.map(String.init).joined(separator: "×")
  }
}
