/// Enlarges a map like PyTorch's `interpolate`: by nearest neighbour, or bilinearly.
public struct Upsample: Layer {
  public enum Method: Hashable, Sendable {
    case nearest
    /// - alignCorners: whether the centres of the corner elements coincide; else the outer edges
    ///   do.
    case bilinear(alignCorners: Bool)
  }

  public enum Target: Hashable, Sendable {
    case factor(Window.Size)
    case size(Window.Size)
  }

  public var method: Method
  public var target: Target

  public init(_ method: Method, _ target: Target) {
    self.method = method
    self.target = target
  }

  public var kind: String { "upsample" }
  public var needs: Needs { [] }
  public var dependsOnMode: Bool { false }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let input = try map(inputs)
    let size: Window.Size =
      switch target {
      case .factor(let by): .init(input.height * by.height, input.width * by.width)
      case .size(let size): size
      }
    guard size.height > 0, size.width > 0 else {
      throw ZooError.failure("cannot resize \(input) to \(size.height)×\(size.width)")
    }
    return [input.channels, size.height, size.width]
  }

  /// The source of one output position: two neighbours and the weight of the second.
  private struct Source {
    let first, second: Int
    let weight: Float
  }

  /// In float32 like PyTorch, because rounding decides which position is nearest.
  private func sources(_ size: Int, _ count: Int) -> [Source] {
    let ratio = Float(size) / Float(count)
    return (0..<count).map { index in
      let place: Float
      switch method {
      case .nearest:
        let nearest = min(Int(Float(index) * ratio), size - 1)
        return Source(first: nearest, second: nearest, weight: 0)
      case .bilinear(alignCorners: true):
        place = count > 1 ? Float(index) * (Float(size - 1) / Float(count - 1)) : 0
      case .bilinear(alignCorners: false):
        place = max(0, (Float(index) + 0.5) * ratio - 0.5)
      }
      let first = min(Int(place), size - 1)
      return Source(
        first: first, second: min(first + 1, size - 1),
        weight: min(max(place - Float(first), 0), 1))
    }
  }

  public func forward(_ pass: Pass) {
    let (x, y) = (pass.inputs[0], pass.output)
    forEachPixel(of: y, over: x) { place, a, b, c, d, u, v in
      y.pointer[place] =
        (1 - v) * ((1 - u) * x.pointer[a] + u * x.pointer[b])
        + v * ((1 - u) * x.pointer[c] + u * x.pointer[d])
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) {
    guard let dx = gradients.inputs[0] else { return }
    let dy = gradients.output
    forEachPixel(of: dy, over: dx) { place, a, b, c, d, u, v in
      let g = dy.pointer[place]
      dx.pointer[a] += (1 - v) * (1 - u) * g
      dx.pointer[b] += (1 - v) * u * g
      dx.pointer[c] += v * (1 - u) * g
      dx.pointer[d] += v * u * g
    }
  }

  /// Calls the body with the place of every output pixel, the places of the four pixels it lies
  /// between (left and right, upper and then lower row), and the weights of the right and the lower.
  @inline(__always)
  private func forEachPixel(
    of y: TensorView, over x: TensorView,
    _ body: (Int, Int, Int, Int, Int, _ right: Float, _ lower: Float) -> Void
  ) {
    let (width, plane) = (x.shape.width, x.shape.height * x.shape.width)
    let size = y.shape.height * y.shape.width
    let rows = sources(x.shape.height, y.shape.height)
    let columns = sources(width, y.shape.width)
    Threads.split(x.batch * x.shape.channels, cost: size * 4) { range in
      for index in range {
        var place = index * size
        for row in rows {
          let (upper, lower) = (row.first * width, row.second * width)
          for column in columns {
            let (a, b) = (index * plane + column.first, index * plane + column.second)
            body(place, a + upper, b + upper, a + lower, b + lower, column.weight, row.weight)
            place += 1
          }
        }
      }
    }
  }
}
