import TestSupport
import ZooKit

/// One configuration of a layer. The name also identifies its results in
/// `Golden/layers/layers.safetensors`.
struct LayerCase: Sendable, CustomStringConvertible {
  let name: String
  let layer: any Layer
  let batch: Int
  let inputs: [Shape]
  var training = false
  /// Inputs are in ±scale.
  var scale: Float = 1
  /// False if it compares values, so that its derivative has jumps.
  var isSmooth = true

  init(
    _ name: String, _ layer: any Layer, _ batch: Int, _ inputs: Shape..., training: Bool = false,
    scale: Float = 1, isSmooth: Bool = true
  ) {
    (self.name, self.layer, self.batch, self.inputs) = (name, layer, batch, inputs)
    (self.training, self.scale, self.isSmooth) = (training, scale, isSmooth)
  }

  var mode: Mode { training ? .training(Random(seed: 7)) : .inference }
  var description: String { name }
}

private func conv(
  _ outputs: Int, _ kernel: Window.Size, stride: Window.Size = 1, padding: Window.Padding = 0,
  dilation: Window.Size = 1, groups: Int = 1, bias: Bool = true
) -> Convolution {
  let window = Window(kernel, stride: stride, padding: padding, dilation: dilation)
  return Convolution(outputs: outputs, window: window, groups: groups, bias: bias)
}

private func transposed(
  _ outputs: Int, _ kernel: Window.Size, stride: Window.Size = 1, padding: Window.Padding = 0,
  extra: Window.Size = 0, dilation: Window.Size = 1, groups: Int = 1, bias: Bool = true
) -> TransposedConvolution {
  let window = Window(kernel, stride: stride, padding: padding, dilation: dilation)
  return TransposedConvolution(
    outputs: outputs, window: window, outputPadding: extra, groups: groups, bias: bias)
}

private func window(
  _ kernel: Window.Size, _ stride: Window.Size, _ padding: Window.Padding = 0,
  dilation: Window.Size = 1
) -> Window {
  Window(kernel, stride: stride, padding: padding, dilation: dilation)
}

extension LayerCase {
  static let all: [LayerCase] =
    convolutions + dense + norms + activations + pools + joins + forms + resizes

  static let convolutions: [LayerCase] = [
    .init("conv 3x3", conv(4, 3, padding: 1), 2, [3, 7, 6]),
    .init("conv stride", conv(4, 3, stride: 2, padding: 1, bias: false), 2, [3, 9, 8]),
    .init("conv 7x7", conv(3, 7, stride: 2, padding: 3), 1, [3, 12, 11]),
    .init("conv 1x1", conv(4, 1), 3, [5, 4, 3]),
    .init("conv 1x1 stride", conv(3, 1, stride: 2), 2, [4, 5, 5]),
    .init(
      "conv 1x1 padded", conv(3, 1, padding: .init(top: 1, left: 0, bottom: 0, right: 2)), 1,
      [2, 3, 3]),
    .init("conv dilated", conv(3, 3, padding: 2, dilation: 2), 1, [2, 9, 9]),
    .init(
      "conv asymmetric",
      conv(
        3, .init(3, 2), stride: .init(2, 1), padding: .init(top: 0, left: 1, bottom: 1, right: 2)),
      2, [2, 6, 7]),
    .init("conv groups", conv(4, 3, padding: 1, groups: 2), 2, [6, 5, 5]),
    .init("conv depthwise", conv(3, 3, padding: 1, groups: 3), 2, [3, 6, 5]),
    .init(
      "conv depthwise stride",
      conv(6, 3, stride: 2, padding: .init(top: 1, left: 0, bottom: 0, right: 1), groups: 2), 2,
      [2, 7, 7]),
    .init("convtranspose 2x2", transposed(3, 2, stride: 2), 2, [4, 3, 4]),
    .init("convtranspose 3x3", transposed(2, 3, stride: 2, padding: 1, extra: 1), 2, [3, 4, 3]),
    .init(
      "convtranspose groups",
      transposed(6, .init(3, 2), stride: .init(2, 1), groups: 2, bias: false), 1, [4, 4, 4]),
    .init(
      "convtranspose dilated", transposed(3, 3, padding: 1, extra: .init(1, 0), dilation: 2), 2,
      [2, 4, 3]),
    .init("convtranspose 1x1", transposed(2, 1), 1, [3, 4, 3]),
  ]

  static let dense: [LayerCase] = [
    .init("dense", Dense(outputs: 5), 3, [7]),
    .init("dense single", Dense(outputs: 20), 1, [33]),
    .init("dense unbiased", Dense(outputs: 4, bias: false), 2, [6]),
  ]

  static let norms: [LayerCase] = [
    .init("batchnorm frozen", BatchNorm(), 2, [3, 5, 3]),
    .init("batchnorm training", BatchNorm(), 3, [4, 5, 3], training: true),
    .init("batchnorm training vector", BatchNorm(), 6, [4], training: true),
    .init(
      "lrn", LocalResponseNorm(size: 5, alpha: 0.5, beta: 0.75, k: 1.5), 2, [7, 3, 3], scale: 2),
    .init(
      "lrn even", LocalResponseNorm(size: 4, alpha: 0.9, beta: 0.6, k: 2), 1, [6, 2, 3], scale: 2),
  ]

  static let activations: [LayerCase] = [
    .init("relu", Activation.relu, 2, [3, 3, 5], scale: 8, isSmooth: false),
    .init("relu6", Activation.relu6, 2, [3, 3, 5], scale: 8, isSmooth: false),
    .init("leakyrelu", Activation.leakyReLU(slope: 0.1), 2, [3, 3, 5], scale: 8, isSmooth: false),
    .init(
      "leakyrelu turned", Activation.leakyReLU(slope: -0.5), 2, [3, 3, 5], scale: 8,
      isSmooth: false),
    .init("sigmoid", Activation.sigmoid, 2, [3, 3, 5], scale: 8),
    .init("tanh", Activation.tanh, 2, [3, 3, 5], scale: 8),
    .init("silu", Activation.silu, 2, [3, 3, 5], scale: 8),
    .init("mish", Activation.mish, 2, [3, 3, 5], scale: 8),
    .init("hardsigmoid", Activation.hardSigmoid, 2, [3, 3, 5], scale: 8, isSmooth: false),
    .init("hardswish", Activation.hardSwish, 2, [3, 3, 5], scale: 8, isSmooth: false),
    .init("softmax vector", Softmax(), 3, [6], scale: 4),
    .init("softmax map", Softmax(), 2, [4, 3, 2], scale: 4),
  ]

  static let pools: [LayerCase] = [
    .init("maxpool", MaxPool(window: window(2, 2)), 2, [3, 8, 6], isSmooth: false),
    .init("maxpool padded", MaxPool(window: window(3, 2, 1)), 2, [3, 7, 7], isSmooth: false),
    .init(
      "maxpool ceiling", MaxPool(window: window(3, 2), ceiling: true), 1, [2, 8, 7],
      isSmooth: false),
    .init(
      "maxpool ceiling padded", MaxPool(window: window(2, 2, 1), ceiling: true), 1, [2, 6, 5],
      isSmooth: false),
    .init(
      "maxpool dilated", MaxPool(window: window(.init(3, 2), 1, 1, dilation: 2)), 1, [2, 7, 8],
      isSmooth: false),
    .init(
      "maxpool same",
      MaxPool(window: window(2, 1, .init(top: 0, left: 0, bottom: 1, right: 1))), 1, [2, 5, 5],
      isSmooth: false),
    .init("avgpool", AveragePool(window: window(2, 2)), 2, [2, 6, 4]),
    .init("avgpool padded", AveragePool(window: window(3, 2, 1)), 1, [2, 7, 6]),
    .init(
      "avgpool uncounted", AveragePool(window: window(3, 2, 1), countsPadding: false), 1,
      [2, 7, 6]),
    .init("avgpool ceiling", AveragePool(window: window(3, 2, 1), ceiling: true), 1, [2, 6, 8]),
    .init(
      "avgpool ceiling uncounted",
      AveragePool(window: window(3, 2, 1), ceiling: true, countsPadding: false), 1, [2, 6, 8]),
    .init("adaptiveavgpool", AdaptivePool(.average, size: .init(3, 2)), 2, [3, 7, 5]),
    .init("adaptiveavgpool up", AdaptivePool(.average, size: .init(6, 5)), 1, [2, 3, 2]),
    .init("adaptiveavgpool global", AdaptivePool(.average, size: 1), 2, [3, 7, 7]),
    .init(
      "adaptivemaxpool", AdaptivePool(.maximum, size: .init(3, 2)), 2, [3, 7, 5], isSmooth: false),
  ]

  static let joins: [LayerCase] = [
    .init("add", Add(), 2, [3, 4, 5], [3, 4, 5]),
    .init("add three", Add(), 1, [2, 3, 3], [2, 3, 3], [2, 3, 3]),
    .init("multiply", Multiply(), 2, [3, 4, 5], [3, 4, 5]),
    .init("multiply channels", Multiply(), 2, [3, 4, 5], [3, 1, 1]),
    .init("multiply places", Multiply(), 2, [3, 4, 5], [1, 4, 5]),
    .init("concat", Concatenate(), 2, [3, 2, 3], [1, 2, 3], [2, 2, 3]),
    .init("concat vectors", Concatenate(), 3, [2], [5]),
  ]

  static let forms: [LayerCase] = [
    .init("slice channels", Slice(range: 1..<4), 2, [5, 2, 3]),
    .init("slice step", Slice(axis: 2, range: 1..<6, step: 2), 2, [2, 3, 7]),
    .init("slice rows", Slice(axis: 1, range: 1..<2), 3, [4, 3, 2]),
    .init("permute", Permute(axes: [1, 2, 0]), 2, [3, 4, 5]),
    .init("permute rows", Permute(axes: [1, 0, 2]), 2, [3, 4, 5]),
    .init("permute same", Permute(axes: [0, 1]), 2, [3, 4]),
    .init("permute four", Permute(axes: [3, 1, 0, 2]), 2, [2, 3, 1, 4]),
    .init("channelshuffle", ChannelShuffle(groups: 2), 2, [6, 3, 2]),
    .init("channelshuffle three", ChannelShuffle(groups: 3), 1, [12, 1, 3]),
    .init("flatten", Reshape(), 2, [3, 2, 2]),
    .init("reshape", Reshape(shape: [3, 4, 2]), 2, [6, 2, 2]),
    .init(
      "pad",
      Pad(
        border: .init(top: 1, left: 2, bottom: 3, right: 0), channelsBefore: 1, channelsAfter: 2,
        value: 0.5), 2, [2, 3, 2]),
  ]

  static let resizes: [LayerCase] = [
    .init("upsample nearest", Upsample(.nearest, .factor(.init(2, 3))), 2, [2, 3, 2]),
    .init("upsample nearest size", Upsample(.nearest, .size(.init(13, 4))), 1, [2, 5, 7]),
    .init("upsample bilinear", Upsample(.bilinear(alignCorners: false), .factor(2)), 2, [2, 3, 4]),
    .init(
      "upsample bilinear corners", Upsample(.bilinear(alignCorners: true), .factor(2)), 2,
      [2, 3, 4]),
    .init(
      "upsample bilinear size", Upsample(.bilinear(alignCorners: false), .size(.init(7, 3))), 1,
      [2, 5, 6]),
    .init(
      "upsample bilinear size corners",
      Upsample(.bilinear(alignCorners: true), .size(.init(1, 11))), 1, [2, 5, 6]),
  ]
}
