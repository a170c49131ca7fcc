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
  private func fill(_ shares: Floats, _ map: Shape, _ grid: Window.Size) {
    func length(
      _ position: Int, _ stride: Int, _ kernel: Int, _ before: Int, _ after: Int, _ size: Int
    ) -> Int {
      let start = position * stride - before
      let end = min(start + kernel, size + after)
      return countsPadding ? end - start : min(end, size) - max(start, 0)
    }
    let (kernel, stride, padding) = (window.kernel, window.stride, window.padding)
    for row in 0..<grid.height {
      let height = length(
        row, stride.height, kernel.height, padding.top, padding.bottom, map.height)
      for column in 0..<grid.width {
        let width = length(
          column, stride.width, kernel.width, padding.left, padding.right, map.width)
        shares[row * grid.width + column] = 1 / Float(max(1, height * width))
      }
    }
  }

  public func forward(_ pass: Pass) throws {
    let (x, y) = (pass.inputs[0], pass.output)
    let (width, plane) = (x.shape.width, x.shape.height * x.shape.width)
    let grid = Window.Size(y.shape.height, y.shape.width)
    let size = grid.height * grid.width
    let taps = window.taps(over: x.shape, grid: grid)
    let step = window.stride.width
    let shares = try pass.scratch.floats(size)
    fill(shares, x.shape, grid)
    Threads.split(x.batch * x.shape.channels, cost: size * taps.count) { range in
      for index in range {
        let (source, target) = (x.pointer + index * plane, y.pointer + index * size)
        target.update(repeating: 0, count: size)
        for tap in taps {
          window.forEachRow(of: tap, mapWidth: width, gridWidth: grid.width) { to, from, count in
            let (a, b) = (target + to, source + from)
            forEach(count, step: step) { a[$0] += b[$1] }
          }
        }
        for i in 0..<size { target[i] *= shares[i] }
      }
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) throws {
    guard let dx = gradients.inputs[0] else { return }
    let dy = gradients.output
    let (width, plane) = (dx.shape.width, dx.shape.height * dx.shape.width)
    let grid = Window.Size(dy.shape.height, dy.shape.width)
    let size = grid.height * grid.width
    let taps = window.taps(over: dx.shape, grid: grid)
    let step = window.stride.width
    let shares = try pass.scratch.floats(size)
    fill(shares, dx.shape, grid)
    Threads.split(dx.batch * dx.shape.channels, cost: size * taps.count) { range in
      for index in range {
        let (g, target) = (dy.pointer + index * size, dx.pointer + index * plane)
        for tap in taps {
          window.forEachRow(of: tap, mapWidth: width, gridWidth: grid.width) { from, to, count in
            let (a, b, share) = (target + to, g + from, shares + from)
            forEach(count, step: step) { a[$1] += b[$0] * share[$0] }
          }
        }
      }
    }
  }
}
