/// How a kernel slides over a feature map: its size, steps and padding.
public struct Window: Hashable, Sendable {
  public struct Size: Hashable, Sendable, ExpressibleByIntegerLiteral {
    public var height, width: Int
    public init(_ height: Int, _ width: Int) { (self.height, self.width) = (height, width) }
    public init(_ side: Int) { self.init(side, side) }
    public init(integerLiteral side: Int) { self.init(side) }
  }

  public struct Padding: Hashable, Sendable, ExpressibleByIntegerLiteral {
    public var top, left, bottom, right: Int
    public init(top: Int, left: Int, bottom: Int, right: Int) {
      (self.top, self.left, self.bottom, self.right) = (top, left, bottom, right)
    }
    public init(_ size: Size) {
      self.init(top: size.height, left: size.width, bottom: size.height, right: size.width)
    }
    public init(_ border: Int) { self.init(Size(border)) }
    public init(integerLiteral border: Int) { self.init(border) }
  }

  public var kernel: Size
  public var stride: Size
  public var padding: Padding
  public var dilation: Size

  public init(_ kernel: Size, stride: Size = 1, padding: Padding = 0, dilation: Size = 1) {
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
  }

  /// Throws if kernel, stride, padding or dilation is invalid.
  func check() throws {
    guard kernel.height > 0, kernel.width > 0, stride.height > 0, stride.width > 0,
      dilation.height > 0, dilation.width > 0,
      min(padding.top, padding.left, padding.bottom, padding.right) >= 0
    else { throw ZooError.failure("a kernel, stride or dilation below 1, or negative padding") }
  }

  /// The output height and width for a map of this size.
  /// - Parameter ceiling: whether a window that starts inside the map or its top or left padding
  ///   counts even if it ends outside (pooling's `ceil_mode`).
  func output(_ input: Shape, ceiling: Bool = false) throws -> Size {
    try check()
    guard input.rank == 3 else { throw ZooError.failure("expected a map C×H×W, not \(input)") }
    func steps(_ size: Int, _ before: Int, _ after: Int, _ kernel: Int, _ stride: Int) -> Int {
      let room = size + before + after - kernel
      guard room >= 0 else { return 0 }
      guard ceiling else { return room / stride + 1 }
      let steps = (room + stride - 1) / stride + 1
      return (steps - 1) * stride >= size + before ? steps - 1 : steps
    }
    let height = steps(
      input.height, padding.top, padding.bottom, dilation.height * (kernel.height - 1) + 1,
      stride.height)
    let width = steps(
      input.width, padding.left, padding.right, dilation.width * (kernel.width - 1) + 1,
      stride.width)
    guard height > 0, width > 0 else {
      throw ZooError.failure(
        "a window of \(kernel.height)×\(kernel.width) does not fit into \(input)")
    }
    return Size(height, width)
  }
}
