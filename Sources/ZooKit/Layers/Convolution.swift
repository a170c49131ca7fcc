/// The convolution of vision networks (a cross-correlation), over C×H×W maps:
///
/// y[o, r, c] = b[o] + Σ over i, u, v of w[o, i, u, v] · x[i, r·s + u·d − p, c·s + v·d − p]
///
/// with stride s, padding p and dilation d of the window. Each of the `groups` groups of outputs
/// reads its own input channels. Computed as a matrix product over columns, or directly if every
/// channel is its own group.
public struct Convolution: Layer {
  public var outputs: Int
  public var window: Window
  public var groups: Int
  public var bias: Bool

  public init(outputs: Int, window: Window, groups: Int = 1, bias: Bool = true) {
    self.outputs = outputs
    self.window = window
    self.groups = groups
    self.bias = bias
  }

  public var kind: String { "conv" }
  public var needs: Needs { .inputs }
  public var dependsOnMode: Bool { false }

  public var linearMap: LinearMap? {
    var biased = self
    biased.bias = true
    return LinearMap(outputAxis: 0, biased: biased)
  }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let input = try map(inputs)
    guard groups > 0, outputs > 0, input.channels % groups == 0, outputs % groups == 0 else {
      throw ZooError.failure(
        "\(input.channels) channels do not make \(outputs) in \(groups) groups")
    }
    let size = try window.output(input)
    return [outputs, size.height, size.width]
  }

  public func parameters(_ inputs: [Shape]) -> [Parameter] {
    let channels = inputs[0].channels / groups
    let fanIn = channels * window.taps
    let weight = Parameter(
      "weight", [outputs, channels, window.kernel.height, window.kernel.width], .weight,
      fanIn: fanIn)
    return bias ? [weight, Parameter("bias", [outputs], .bias, fanIn: fanIn)] : [weight]
  }

  public func macs(_ inputs: [Shape], _ output: Shape) -> Int {
    output.count * inputs[0].channels / groups * window.taps
  }

  public func forward(_ pass: Pass) throws {
    let (x, y) = (pass.inputs[0], pass.output)
    let weight = pass.parameters[0].pointer
    let bias = bias ? pass.parameters[1].pointer : nil
    if isDepthwise(x.shape) { return forwardDepthwise(x, weight, bias, y) }

    let blas = try BLAS.shared
    let columns = columns(x.shape, y.shape)
    let buffer = try pass.scratch.floats(columns.size)
    let (m, plane) = (outputs / groups, y.shape.height * y.shape.width)
    for item in 0..<x.batch {
      for group in 0..<groups {
        let image = x[item] + group * columns.map.count
        let kernels = BLAS.Matrix(weight + group * m * columns.rows, stride: columns.rows)
        for stripe in columns.stripes {
          let n = stripe.count * y.shape.width
          let target = y[item] + group * m * plane + stripe.lowerBound * y.shape.width
          if let bias {
            for o in 0..<m { (target + o * plane).update(repeating: bias[group * m + o], count: n) }
          }
          try blas.multiply(
            kernels, columns.gather(image, stripe, buffer), beta: bias == nil ? 0 : 1,
            into: target, stride: plane, m, n, columns.rows)
        }
      }
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) throws {
    let (x, dy) = (pass.inputs[0], gradients.output)
    let (dx, dw) = (gradients.inputs[0], gradients.parameters[0])
    if bias { addSums(of: dy, to: gradients.parameters[1]) }
    guard dx != nil || dw != nil else { return }
    if isDepthwise(x.shape) { return backwardDepthwise(pass, dy, dx, dw) }

    let blas = try BLAS.shared
    let columns = columns(x.shape, dy.shape)
    let buffer = try pass.scratch.floats(columns.size)
    let (m, plane) = (outputs / groups, dy.shape.height * dy.shape.width)
    for item in 0..<x.batch {
      for group in 0..<groups {
        let channels = group * columns.map.count
        let weights = group * m * columns.rows
        for stripe in columns.stripes {
          let n = stripe.count * dy.shape.width
          let source = dy[item] + group * m * plane + stripe.lowerBound * dy.shape.width
          if let dw {
            // dw += dy · columnsᵀ
            let seen = columns.gather(x[item] + channels, stripe, buffer)
            try blas.multiply(
              .init(source, stride: plane), seen.transpose, beta: 1, into: dw.pointer + weights,
              stride: columns.rows, m, columns.rows, n)
          }
          if let dx {
            // dx += scattered wᵀ · dy
            let image = dx[item] + channels
            let kernels = BLAS.Matrix(
              pass.parameters[0].pointer + weights, stride: columns.rows, transposed: true)
            try blas.multiply(
              kernels, .init(source, stride: plane), beta: columns.areMap ? 1 : 0,
              into: columns.areMap ? image : buffer, stride: n, columns.rows, n, m)
            if !columns.areMap { columns.scatter(buffer, stripe, addingTo: image) }
          }
        }
      }
    }
  }

  private func columns(_ input: Shape, _ output: Shape) -> Columns {
    Columns(
      map: [input.channels / groups, input.height, input.width], window: window,
      grid: .init(output.height, output.width))
  }
}

/// Adds the sum over items and positions to every channel: the gradient of a bias.
func addSums(of dy: TensorView, to bias: TensorView?) {
  guard let bias else { return }
  let plane = dy.stride / bias.count
  Threads.split(bias.count, cost: dy.batch * plane) { channels in
    for channel in channels {
      var total = 0.0
      for item in 0..<dy.batch { total += sum(dy[item] + channel * plane, plane) }
      bias.pointer[channel] += Float(total)
    }
  }
}
