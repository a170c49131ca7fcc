import TestSupport
import Testing
import ZooKit

/// Layers at sizes for which they use stripes and several threads.
struct LargeLayers {
  /// 784 rows of columns at 3600 positions: more than one stripe.
  static let map: Shape = [16, 62, 58]
  static let convolution = Convolution(
    outputs: 8,
    window: Window(7, stride: .init(1, 2), padding: .init(top: 2, left: 3, bottom: 3, right: 1)))

  @Test func stripesMakeTheWholeConvolution() throws {
    let run = try Self.run(Self.convolution, Self.map)
    let y = try run.forward()
    let direct = Direct(Self.convolution, Self.map, run.output)
    let (x, weight) = (run.inputs[0], run.weights[0])
    #expect(relativeError(y, direct.forward(x, weight, run.weights[1])) <= 1e-6)

    let dy = y.indices.map { Formula.unit("dy", $0) }
    let found = try run.backward(y: y, dy: dy)
    let expected = direct.backward(x, weight, dy)
    #expect(relativeError(found[0] ?? [], expected.dx) <= 1e-6)
    #expect(relativeError(found[1] ?? [], expected.dw) <= 1e-6)
  }

  /// A transposed convolution's forward is a convolution's gradient for its input.
  @Test func stripesMakeTheWholeTransposedConvolution() throws {
    let output = try Self.convolution.output([Self.map])
    let layer = TransposedConvolution(
      outputs: Self.map.channels, window: Self.convolution.window, outputPadding: .init(0, 1),
      bias: false)
    let run = try Self.run(layer, output)
    try #require(run.output == Self.map)
    let y = try run.forward()
    let direct = Direct(Self.convolution, Self.map, output)
    let expected = direct.backward(y, run.weights[0], run.inputs[0])
    #expect(relativeError(y, expected.dx) <= 1e-6)

    let dy = y.indices.map { Formula.unit("dy", $0) }
    let found = try run.backward(y: y, dy: dy)
    let bias = [Float](repeating: 0, count: output.channels)
    #expect(relativeError(found[0] ?? [], direct.forward(dy, run.weights[0], bias)) <= 1e-6)
    let dw = direct.backward(dy, run.weights[0], run.inputs[0]).dw
    #expect(relativeError(found[1] ?? [], dw) <= 1e-6)
  }

  /// A large batch on all threads gives the same as its items alone.
  @Test(arguments: LayerCase.all.filter { !$0.training })
  func itemsDoNotMeet(_ test: LayerCase) throws {
    let batch = 160
    let inputs = test.inputs.enumerated().map { index, shape in
      (0..<batch * shape.count).map { test.scale * Formula.unit("\(test.name)\(index)", $0) }
    }
    let weights = try test.layer.parameters(test.inputs).map {
      try Formula.parameter("\(test.name).\($0.name)", $0.shape).values
    }
    let run = try LayerRun(
      test.layer, test.inputs, batch: batch, inputs: inputs, weights: weights)
    let y = try run.forward()
    let dy = y.indices.map { Formula.unit("dy", $0) }
    let dx = try run.backward(y: y, dy: dy)
    for item in stride(from: 0, to: batch, by: 23) {
      func part(_ values: [Float]) -> [Float] {
        let count = values.count / batch
        return Array(values[item * count..<(item + 1) * count])
      }
      let alone = try LayerRun(
        test.layer, test.inputs, batch: 1, inputs: inputs.map(part), weights: weights)
      let expected = try alone.forward()
      #expect(relativeError(part(y), expected) <= 1e-6)
      for (index, gradient) in try alone.backward(y: expected, dy: part(dy)).enumerated()
      where index < inputs.count {
        #expect(relativeError(part(dx[index] ?? []), gradient ?? []) <= 1e-5)
      }
    }
  }

  /// A norm over more values than a float32 sum could handle.
  @Test func statisticsKeepTheirDigits() throws {
    let shape: Shape = [2, 400, 500]
    let values = (0..<shape.count).map { 1000 + Formula.unit("x", $0) }
    let weights: [[Float]] = [[1, 1], [0, 0], [0, 0], [1, 1]]
    let run = try LayerRun(
      BatchNorm(momentum: 1), [shape], batch: 1, mode: .training(Random(seed: 1)),
      inputs: [values], weights: weights)
    _ = try run.forward()
    for channel in 0..<2 {
      let part = values[channel * 200_000..<(channel + 1) * 200_000].map(Double.init)
      let mean = part.reduce(0, +) / 200_000
      let variance = part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 199_999
      #expect(abs(Double(run.weights[2][channel]) - mean) < 1e-4)
      #expect(abs(Double(run.weights[3][channel]) / variance - 1) < 1e-6)
    }
  }

  static func run(_ layer: any Layer, _ shape: Shape) throws -> LayerRun {
    let weights = try layer.parameters([shape]).map {
      try Formula.parameter("large.\($0.name)", $0.shape).values
    }
    let values = try Formula.tensor("large", shape).values
    return try LayerRun(layer, [shape], batch: 1, inputs: [values], weights: weights)
  }
}

/// A convolution by its definition, in float64.
private struct Direct {
  let layer: Convolution
  let input, output: Shape

  init(_ layer: Convolution, _ input: Shape, _ output: Shape) {
    (self.layer, self.input, self.output) = (layer, input, output)
  }

  func forward(_ x: [Float], _ w: [Float], _ bias: [Float]) -> [Float] {
    var y = (0..<output.count).map { Double(bias[$0 / (output.height * output.width)]) }
    forEachProduct { i, j, k in y[k] += Double(x[i]) * Double(w[j]) }
    return y.map(Float.init)
  }

  func backward(_ x: [Float], _ w: [Float], _ dy: [Float]) -> (dx: [Float], dw: [Float]) {
    var dx = [Double](repeating: 0, count: x.count)
    var dw = [Double](repeating: 0, count: w.count)
    forEachProduct { i, j, k in
      dx[i] += Double(dy[k]) * Double(w[j])
      dw[j] += Double(dy[k]) * Double(x[i])
    }
    return (dx.map(Float.init), dw.map(Float.init))
  }

  /// Every product of the definition: the indices of its input, weight and output.
  @inline(__always)
  private func forEachProduct(_ body: (Int, Int, Int) -> Void) {
    let window = layer.window
    var k = 0
    for o in 0..<output.channels {
      for r in 0..<output.height {
        for c in 0..<output.width {
          var j = o * input.channels * window.kernel.height * window.kernel.width
          for channel in 0..<input.channels {
            for u in 0..<window.kernel.height {
              let row = r * window.stride.height + u * window.dilation.height - window.padding.top
              for v in 0..<window.kernel.width {
                let column =
                  c * window.stride.width + v * window.dilation.width - window.padding.left
                if row >= 0, row < input.height, column >= 0, column < input.width {
                  body((channel * input.height + row) * input.width + column, j, k)
                }
                j += 1
              }
            }
          }
          k += 1
        }
      }
    }
  }
}
