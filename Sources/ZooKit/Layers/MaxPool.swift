/// The largest value in the window; padding never wins.
public struct MaxPool: Layer {
  public var window: Window
  /// Windows that start inside the map count even if they end outside (`ceil_mode`).
  public var ceiling: Bool

  public init(window: Window, ceiling: Bool = false) {
    self.window = window
    self.ceiling = ceiling
  }

  public var kind: String { "maxpool" }
  public var needs: Needs { .inputs }
  public var dependsOnMode: Bool { false }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let input = try map(inputs)
    try window.checkBorders()
    let size = try window.output(input, ceiling: ceiling)
    return [input.channels, size.height, size.width]
  }

  public func forward(_ pass: Pass) {
    let (y, step) = (pass.output, window.stride.width)
    window.slide(over: pass.inputs[0], y) {
      $0.update(repeating: -.infinity, count: y.shape.height * y.shape.width)
    } row: { a, b, _, count in
      // NaN wins, as in PyTorch.
      forEach(count, step: step) { a[$0] = b[$1] > a[$0] || b[$1] != b[$1] ? b[$1] : a[$0] }
    }
  }

  /// The gradient goes to the first of the largest values.
  public func backward(_ pass: Pass, _ gradients: Gradients) {
    guard let dx = gradients.inputs[0] else { return }
    let (x, dy) = (pass.inputs[0], gradients.output)
    let (height, width) = (x.shape.height, x.shape.width)
    let grid = Window.Size(dy.shape.height, dy.shape.width)
    let size = grid.height * grid.width
    Threads.split(x.batch * x.shape.channels, cost: size * window.taps) { range in
      for index in range {
        let offset = index * height * width
        let (source, target, g) = (
          x.pointer + offset, dx.pointer + offset, dy.pointer + index * size
        )
        for row in 0..<grid.height {
          let top = row * window.stride.height - window.padding.top
          for column in 0..<grid.width {
            let left = column * window.stride.width - window.padding.left
            var best = -1
            for u in 0..<window.kernel.height {
              let y = top + u * window.dilation.height
              guard y >= 0, y < height else { continue }
              for v in 0..<window.kernel.width {
                let x = left + v * window.dilation.width
                guard x >= 0, x < width else { continue }
                let place = y * width + x
                if best < 0 || source[place] > source[best] || source[place].isNaN { best = place }
              }
            }
            if best >= 0 { target[best] += g[row * grid.width + column] }
          }
        }
      }
    }
  }
}

extension Window {
  /// Padding is narrower than the window, so every window covers some of the map.
  func checkBorders() throws {
    try check()
    let reach = Size(dilation.height * (kernel.height - 1), dilation.width * (kernel.width - 1))
    guard max(padding.top, padding.bottom) <= reach.height,
      max(padding.left, padding.right) <= reach.width
    else {
      throw ZooError.failure(
        "a window of \(kernel.height)×\(kernel.width) would lie entirely in the padding")
    }
  }
}
