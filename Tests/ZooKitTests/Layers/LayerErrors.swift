import TestSupport
import Testing
import ZooKit

/// Errors about shapes that do not match name both shapes.
struct LayerErrors {
  struct Bad: Sendable, CustomStringConvertible {
    let layer: any Layer
    let inputs: [Shape]
    let message: String

    init(_ layer: any Layer, _ inputs: Shape..., says message: String) {
      (self.layer, self.inputs, self.message) = (layer, inputs, message)
    }
    var description: String { message }
  }

  static let all: [Bad] = [
    .init(Add(), [512, 28, 28], [256, 28, 28], says: "cannot add 512×28×28 and 256×28×28"),
    .init(Add(), [3], says: "add takes two inputs or more, not 1"),
    .init(Multiply(), [8, 4, 4], [4, 1, 1], says: "cannot multiply 8×4×4 by 4×1×1"),
    .init(Concatenate(), [3, 4, 4], [3, 5, 4], says: "cannot concatenate 3×4×4 and 3×5×4"),
    .init(
      Dense(outputs: 10), [512, 7, 7], says: "dense takes a vector, not 512×7×7; flatten it first"),
    .init(
      Convolution(outputs: 4, window: Window(3)), [10],
      says: "conv takes a map C×H×W, not 10"),
    .init(
      Convolution(outputs: 4, window: Window(3)), [3, 2, 2],
      says: "a window of 3×3 does not fit into 3×2×2"),
    .init(
      Convolution(outputs: 4, window: Window(1), groups: 2), [3, 2, 2],
      says: "3 channels do not make 4 in 2 groups"),
    .init(
      TransposedConvolution(outputs: 4, window: Window(2, stride: 2), outputPadding: 2), [3, 2, 2],
      says: "an output padding of 2×2 is not below the stride or the dilation"),
    .init(
      TransposedConvolution(outputs: 4, window: Window(1, padding: 2)), [3, 2, 2],
      says: "the padding leaves nothing of 3×2×2"),
    .init(BatchNorm(), [3, 4], says: "batchnorm takes a map C×H×W or a vector, not 3×4"),
    .init(
      MaxPool(window: Window(2, padding: 2)), [3, 8, 8],
      says: "a window of 2×2 would lie entirely in the padding"),
    .init(
      AveragePool(window: Window(2, dilation: 2)), [3, 8, 8],
      says: "avgpool does not support dilation"),
    .init(AdaptivePool(.average, size: 0), [3, 8, 8], says: "cannot pool 3×8×8 to 0×0"),
    .init(
      Slice(axis: 0, range: 2..<9), [4, 8, 8],
      says: "cannot take 2..<9 in steps of 1 from axis 0 of 4×8×8"),
    .init(Slice(axis: 3, range: 0..<1), [4, 8, 8], says: "cannot slice axis 3 of 4×8×8"),
    .init(
      Permute(axes: [0, 2]), [4, 8, 8], says: "[0, 2] is not an order of the 3 axes of 4×8×8"),
    .init(Permute(axes: [1, 1]), [4, 8], says: "[1, 1] is not an order of the 2 axes of 4×8"),
    .init(ChannelShuffle(groups: 4), [6, 8, 8], says: "6 channels do not make 4 groups"),
    .init(ChannelShuffle(groups: 0), [6, 8, 8], says: "6 channels do not make 0 groups"),
    .init(ChannelShuffle(groups: 2), [6], says: "channelshuffle takes a map C×H×W, not 6"),
    .init(Reshape(shape: [5, 5]), [4, 6], says: "4×6 cannot be reshaped to 5×5"),
    .init(Pad(channelsAfter: -1), [4, 6, 6], says: "cannot pad 4×6×6 by a negative amount"),
    .init(Upsample(.nearest, .factor(0)), [4, 6, 6], says: "cannot resize 4×6×6 to 0×0"),
    .init(Dropout(rate: 1.5), [4], says: "a dropout rate of 1.5 is not between 0 and 1"),
    .init(Softmax(), [], says: "softmax needs an axis to sum over, not scalar"),
  ]

  @Test(arguments: all)
  func shapesAreSaid(_ bad: Bad) {
    #expect(throws: ZooError.failure(bad.message)) { try bad.layer.output(bad.inputs) }
  }

  @Test func aNormCannotLearnFromOneValue() throws {
    let weights: [[Float]] = [[1], [0], [0], [1]]
    let run = try LayerRun(
      BatchNorm(), [[1, 1, 1]], batch: 1, mode: .training(Random(seed: 1)), inputs: [[2]],
      weights: weights)
    #expect(throws: ZooError.self) { try run.forward() }
  }
}

/// Facts about layers that summaries, initialisation and other engines read.
struct LayerFacts {
  @Test func multiplyAccumulates() throws {
    func macs(_ layer: any Layer, _ input: Shape) throws -> Int {
      layer.macs([input], try layer.output([input]))
    }
    let stem = Convolution(outputs: 64, window: Window(7, stride: 2, padding: 3), bias: false)
    #expect(try macs(stem, [3, 224, 224]) == 118_013_952)
    let depthwise = Convolution(outputs: 32, window: Window(3, padding: 1), groups: 32)
    #expect(try macs(depthwise, [32, 112, 112]) == 32 * 9 * 112 * 112)
    let up = TransposedConvolution(outputs: 8, window: Window(2, stride: 2))
    #expect(try macs(up, [16, 10, 10]) == 16 * 8 * 4 * 100)
    #expect(try macs(Dense(outputs: 1000), [2048]) == 2_048_000)
  }

  @Test func fanIn() {
    let grouped = Convolution(outputs: 8, window: Window(3), groups: 2)
    #expect(grouped.parameters([[6, 9, 9]]).map(\.fanIn) == [27, 27])
    let up = TransposedConvolution(outputs: 8, window: Window(2, stride: 2))
    #expect(up.parameters([[16, 9, 9]]).map(\.fanIn) == [16, 16])
    #expect(Dense(outputs: 3).parameters([[7]]).map(\.fanIn) == [7, 7])
  }

  /// A gradient of −1 and 1 at inputs of both signs, by each rule.
  @Test(arguments: [
    (Rule.plain, [0, 0, -1, 1] as [Float]), (.guided, [0, 0, 0, 1]), (.deconvnet, [0, 1, 0, 1]),
  ])
  func rectifiersFollowTheRule(_ rule: Rule, _ expected: [Float]) throws {
    let run = try LayerRun(
      Activation.relu, [[4]], batch: 1, inputs: [[-2, -2, 2, 2]], weights: [])
    let y = try run.forward()
    #expect(try run.backward(y: y, dy: [-1, 1, -1, 1], rule: rule) == [expected])
  }

  @Test func dropoutKeepsTheMean() throws {
    let ones = [Float](repeating: 1, count: 40_000)
    let run = try LayerRun(
      Dropout(rate: 0.25), [[40_000]], batch: 1, mode: .training(Random(seed: 5)), inputs: [ones],
      weights: [])
    let y = try run.forward()
    #expect(Set(y) == [0, Float(4) / 3])
    // Four standard deviations: √(0.25 · 0.75 / 40000) · 4
    #expect(abs(Double(y.filter { $0 == 0 }.count) / 40_000 - 0.25) < 0.0087)
    let still = try LayerRun(Dropout(rate: 1), [[3]], batch: 1, inputs: [[1, 2, 3]], weights: [])
    #expect(try still.forward() == [1, 2, 3])
  }

  /// NaN is passed on, not hidden.
  @Test(arguments: [
    Activation.relu, .relu6, .leakyReLU(slope: 0.1), .sigmoid, .tanh, .silu, .mish,
    .hardSigmoid, .hardSwish,
  ])
  func activationsPassOnWhatIsNotANumber(_ layer: Activation) throws {
    let run = try LayerRun(layer, [[2]], batch: 1, inputs: [[.nan, 1]], weights: [])
    let y = try run.forward()
    #expect(y[0].isNaN && y[1].isFinite)
  }

  @Test func poolsPassOnWhatIsNotANumber() throws {
    let layers: [any Layer] = [MaxPool(window: Window(2)), AdaptivePool(.maximum, size: 1)]
    for layer in layers {
      let run = try LayerRun(layer, [[1, 2, 2]], batch: 1, inputs: [[1, .nan, 3, 2]], weights: [])
      #expect(try run.forward()[0].isNaN)
    }
  }

  @Test func extremesStayFinite() throws {
    let wide: [Float] = [-200, -100, 100, 200]
    let functions: [Activation] = [.sigmoid, .silu, .mish, .tanh]
    for layer in functions.map({ $0 as any Layer }) + [Softmax()] {
      let run = try LayerRun(layer, [[4]], batch: 1, inputs: [wide], weights: [])
      let y = try run.forward()
      #expect(y.allSatisfy { $0.isFinite }, "\(layer.kind): \(y)")
      let dx = try run.backward(y: y, dy: [1, 1, 1, 1])
      #expect((dx[0] ?? [.nan]).allSatisfy { $0.isFinite }, "\(layer.kind): \(dx)")
    }
  }
}
