/// The mean over the window.
public struct AveragePool: Layer {
  public var window: Window
  /// Windows that start inside the map count even if they end outside (`ceil_mode`).
  public var ceiling: Bool
  /// Padding counts as zeros; the part of a window beyond the padding never counts.
  public var countsPadding: Bool

  public init(window: Window, ceiling: Bool = false, countsPadding: Bool = true) {
    self.window = window
    self.ceiling = ceiling
    self.countsPadding = countsPadding
  }

  public var kind: String { "avgpool" }
  public var needs: Needs { [] }
  public var dependsOnMode: Bool { false }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let input = try map(inputs)
    try window.checkBorders()
    guard window.dilation == 1 else { throw ZooError.failure("avgpool does not support dilation") }
    let size = try window.output(input, ceiling: ceiling)
    return [input.channels, size.height, size.width]
  }

  /// One over the number of elements that count in the window at each grid position.
  private func shares(_ scratch: Scratch, _ map: Shape, _ grid: Shape) throws -> Floats {
    func length(
      _ position: Int, _ stride: Int, _ kernel: Int, _ before: Int, _ after: Int, _ size: Int
    ) -> Int {
      let start = position * stride - before
      let end = min(start + kernel, size + after)
      return countsPadding ? end - start : min(end, size) - max(start, 0)
    }
    let (kernel, stride, padding) = (window.kernel, window.stride, window.padding)
    let shares = try scratch.floats(grid.height * grid.width)
    for row in 0..<grid.height {
      let height = length(
        row, stride.height, kernel.height, padding.top, padding.bottom, map.height)
      for column in 0..<grid.width {
        let width = length(
          column, stride.width, kernel.width, padding.left, padding.right, map.width)
        shares[row * grid.width + column] = 1 / Float(max(1, height * width))
      }
    }
    return shares
  }

  public func forward(_ pass: Pass) throws {
    let (x, y, step) = (pass.inputs[0], pass.output, window.stride.width)
    let size = y.shape.height * y.shape.width
    let shares = try shares(pass.scratch, x.shape, y.shape)
    window.slide(over: x, y) {
      $0.update(repeating: 0, count: size)
    } after: { sums in
      for i in 0..<size { sums[i] *= shares[i] }
    } row: { a, b, _, count in
      forEach(count, step: step) { a[$0] += b[$1] }
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) throws {
    guard let dx = gradients.inputs[0] else { return }
    let step = window.stride.width
    let shares = try shares(pass.scratch, dx.shape, gradients.output.shape)
    window.slide(over: dx, gradients.output) { g, target, index, count in
      let share = shares + index
      forEach(count, step: step) { target[$1] += g[$0] * share[$0] }
    }
  }
}
