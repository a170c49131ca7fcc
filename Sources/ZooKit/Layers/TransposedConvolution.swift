/// The transpose of a convolution: every input position adds its kernel, scaled, to the larger map.
///
/// y[o, r·s + u·d − p, c·s + v·d − p] += w[i, o, u, v] · x[i, r, c]
///
/// H' = (H − 1)·s − p_top − p_bottom + d·(k − 1) + outputPadding + 1, and likewise the width. The
/// weight has PyTorch's layout: inputs × outputs per group × height × width.
public struct TransposedConvolution: Layer {
  public var outputs: Int
  public var window: Window
  /// Extra rows and columns at the bottom and right, which the stride alone leaves undetermined.
  public var outputPadding: Window.Size
  public var groups: Int
  public var bias: Bool

  public init(
    outputs: Int, window: Window, outputPadding: Window.Size = 0, groups: Int = 1,
    bias: Bool = true
  ) {
    self.outputs = outputs
    self.window = window
    self.outputPadding = outputPadding
    self.groups = groups
    self.bias = bias
  }

  public var kind: String { "convtranspose" }
  public var needs: Needs { .inputs }
  public var dependsOnMode: Bool { false }

  public var linearMap: LinearMap? {
    guard groups == 1 else { return nil }
    var biased = self
    biased.bias = true
    return LinearMap(outputAxis: 1, biased: biased)
  }

  public func output(_ inputs: [Shape]) throws -> Shape {
    try window.check()
    let input = try map(inputs)
    guard groups > 0, outputs > 0, input.channels % groups == 0, outputs % groups == 0 else {
      throw ZooError.failure(
        "\(input.channels) channels do not make \(outputs) in \(groups) groups")
    }
    let (stride, dilation, padding) = (window.stride, window.dilation, window.padding)
    guard 0..<max(stride.height, dilation.height) ~= outputPadding.height,
      0..<max(stride.width, dilation.width) ~= outputPadding.width
    else {
      throw ZooError.failure(
        "an output padding of \(outputPadding.height)×\(outputPadding.width) is not below "
          + "the stride or the dilation")
    }
    let height =
      (input.height - 1) * stride.height - padding.top - padding.bottom
      + dilation.height * (window.kernel.height - 1) + outputPadding.height + 1
    let width =
      (input.width - 1) * stride.width - padding.left - padding.right
      + dilation.width * (window.kernel.width - 1) + outputPadding.width + 1
    guard height > 0, width > 0 else {
      throw ZooError.failure("the padding leaves nothing of \(input)")
    }
    return [outputs, height, width]
  }

  public func parameters(_ inputs: [Shape]) -> [Parameter] {
    let channels = inputs[0].channels
    // With a stride, an output reads only every s-th element of the kernel.
    let steps = window.stride.height * window.stride.width
    let fanIn = max(1, channels / groups * window.taps / steps)
    let weight = Parameter(
      "weight", [channels, outputs / groups, window.kernel.height, window.kernel.width], .weight,
      fanIn: fanIn)
    return bias ? [weight, Parameter("bias", [outputs], .bias, fanIn: fanIn)] : [weight]
  }

  public func macs(_ inputs: [Shape], _ output: Shape) -> Int {
    inputs[0].count * outputs / groups * window.taps
  }

  public func forward(_ pass: Pass) throws {
    let (x, y) = (pass.inputs[0], pass.output)
    let blas = try BLAS.shared
    let columns = columns(x.shape, y.shape)
    let buffer = try pass.scratch.floats(columns.rows * columns.longest)
    let (k, plane) = (x.shape.channels / groups, x.shape.height * x.shape.width)
    let size = y.shape.height * y.shape.width
    for item in 0..<x.batch {
      for output in 0..<outputs {
        let bias = bias ? pass.parameters[1].pointer[output] : 0
        (y[item] + output * size).update(repeating: bias, count: size)
      }
      for group in 0..<groups {
        let kernels = BLAS.Matrix(
          pass.parameters[0].pointer + group * k * columns.rows, stride: columns.rows,
          transposed: true)
        for stripe in columns.stripes {
          let n = stripe.count * x.shape.width
          let source = x[item] + group * k * plane + stripe.lowerBound * x.shape.width
          try blas.multiply(
            kernels, .init(source, stride: plane), into: buffer, stride: n, columns.rows, n, k)
          columns.scatter(buffer, stripe, addingTo: y[item] + group * columns.map.count)
        }
      }
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) throws {
    let (x, dy) = (pass.inputs[0], gradients.output)
    let (dx, dw) = (gradients.inputs[0], gradients.parameters[0])
    if bias { addSums(of: dy, to: gradients.parameters[1]) }
    guard dx != nil || dw != nil else { return }
    let blas = try BLAS.shared
    let columns = columns(x.shape, dy.shape)
    let buffer = try pass.scratch.floats(columns.size)
    let (k, plane) = (x.shape.channels / groups, x.shape.height * x.shape.width)
    for item in 0..<x.batch {
      for group in 0..<groups {
        let weights = group * k * columns.rows
        for stripe in columns.stripes {
          let n = stripe.count * x.shape.width
          let offset = group * k * plane + stripe.lowerBound * x.shape.width
          let seen = columns.gather(dy[item] + group * columns.map.count, stripe, buffer)
          if let dx {
            // dx += w · columns of dy
            try blas.multiply(
              .init(pass.parameters[0].pointer + weights, stride: columns.rows), seen, beta: 1,
              into: dx[item] + offset, stride: plane, k, n, columns.rows)
          }
          if let dw {
            // dw += x · columnsᵀ of dy
            try blas.multiply(
              .init(x[item] + offset, stride: plane), seen.transpose, beta: 1,
              into: dw.pointer + weights, stride: columns.rows, k, columns.rows, n)
          }
        }
      }
    }
  }

  /// The window slides over the output here; its positions are the input's positions.
  private func columns(_ input: Shape, _ output: Shape) -> Columns {
    Columns(
      map: [outputs / groups, output.height, output.width], window: window,
      grid: .init(input.height, input.width))
  }
}
