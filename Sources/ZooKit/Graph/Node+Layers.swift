// The standard layers as methods, one line each.

extension Node {
  // MARK: With parameters

  public func conv(
    _ name: String? = nil, to outputs: Int, kernel: Window.Size, stride: Window.Size = 1,
    padding: Window.Padding = 0, dilation: Window.Size = 1, groups: Int = 1, bias: Bool = true,
    file: String = #fileID, line: Int = #line
  ) -> Node {
    let window = Window(kernel, stride: stride, padding: padding, dilation: dilation)
    let layer = Convolution(outputs: outputs, window: window, groups: groups, bias: bias)
    return callLayer(layer, name, file: file, line: line)
  }

  public func transposedConv(
    _ name: String? = nil, to outputs: Int, kernel: Window.Size, stride: Window.Size = 1,
    padding: Window.Padding = 0, outputPadding: Window.Size = 0, dilation: Window.Size = 1,
    groups: Int = 1, bias: Bool = true, file: String = #fileID, line: Int = #line
  ) -> Node {
    let window = Window(kernel, stride: stride, padding: padding, dilation: dilation)
    let layer = TransposedConvolution(
      outputs: outputs, window: window, outputPadding: outputPadding, groups: groups, bias: bias)
    return callLayer(layer, name, file: file, line: line)
  }

  public func dense(
    _ name: String? = nil, to outputs: Int, bias: Bool = true,
    file: String = #fileID, line: Int = #line
  ) -> Node {
    callLayer(Dense(outputs: outputs, bias: bias), name, file: file, line: line)
  }

  /// Leave the epsilon out to use the checkpoint's.
  public func batchNorm(
    _ name: String? = nil, epsilon: Double? = nil, momentum: Float = 0.1,
    file: String = #fileID, line: Int = #line
  ) -> Node {
    let epsilon = Float(epsilon ?? builder.normEpsilon ?? 1e-5)
    let norm: any Layer =
      builder.freezesNorms
      ? FrozenBatchNorm(epsilon: epsilon) : BatchNorm(epsilon: epsilon, momentum: momentum)
    return callLayer(norm, name, file: file, line: line)
  }

  // MARK: Element by element

  public func relu(_ name: String? = nil, file: String = #fileID, line: Int = #line) -> Node {
    callLayer(Activation.relu, name, file: file, line: line)
  }
  public func relu6(_ name: String? = nil, file: String = #fileID, line: Int = #line) -> Node {
    callLayer(Activation.relu6, name, file: file, line: line)
  }
  public func leakyReLU(
    _ name: String? = nil, slope: Float = 0.01, file: String = #fileID, line: Int = #line
  ) -> Node {
    callLayer(Activation.leakyReLU(slope: slope), name, file: file, line: line)
  }
  public func sigmoid(_ name: String? = nil, file: String = #fileID, line: Int = #line) -> Node {
    callLayer(Activation.sigmoid, name, file: file, line: line)
  }
  public func tanh(_ name: String? = nil, file: String = #fileID, line: Int = #line) -> Node {
    callLayer(Activation.tanh, name, file: file, line: line)
  }
  public func silu(_ name: String? = nil, file: String = #fileID, line: Int = #line) -> Node {
    callLayer(Activation.silu, name, file: file, line: line)
  }
  public func mish(_ name: String? = nil, file: String = #fileID, line: Int = #line) -> Node {
    callLayer(Activation.mish, name, file: file, line: line)
  }
  public func hardSigmoid(
    _ name: String? = nil, file: String = #fileID, line: Int = #line
  ) -> Node {
    callLayer(Activation.hardSigmoid, name, file: file, line: line)
  }
  public func hardSwish(_ name: String? = nil, file: String = #fileID, line: Int = #line) -> Node {
    callLayer(Activation.hardSwish, name, file: file, line: line)
  }

  /// Over the first axis of an item: the classes of a vector, the channels of a map.
  public func softmax(_ name: String? = nil, file: String = #fileID, line: Int = #line) -> Node {
    callLayer(Softmax(), name, file: file, line: line)
  }

  public func dropout(
    _ name: String? = nil, rate: Float = 0.5, file: String = #fileID, line: Int = #line
  ) -> Node {
    callLayer(Dropout(rate: rate), name, file: file, line: line)
  }

  public func localResponseNorm(
    _ name: String? = nil, size: Int = 5, alpha: Float = 1e-4, beta: Float = 0.75, k: Float = 1,
    file: String = #fileID, line: Int = #line
  ) -> Node {
    let layer = LocalResponseNorm(size: size, alpha: alpha, beta: beta, k: k)
    return callLayer(layer, name, file: file, line: line)
  }

  // MARK: Pooling

  /// The stride defaults to the kernel's size.
  public func maxPool(
    _ name: String? = nil, kernel: Window.Size, stride: Window.Size? = nil,
    padding: Window.Padding = 0, dilation: Window.Size = 1, ceiling: Bool = false,
    file: String = #fileID, line: Int = #line
  ) -> Node {
    let window = Window(kernel, stride: stride ?? kernel, padding: padding, dilation: dilation)
    return callLayer(MaxPool(window: window, ceiling: ceiling), name, file: file, line: line)
  }

  /// Padding counts as zeros in the average, unless `countsPadding` is false.
  public func averagePool(
    _ name: String? = nil, kernel: Window.Size, stride: Window.Size? = nil,
    padding: Window.Padding = 0, ceiling: Bool = false, countsPadding: Bool = true,
    file: String = #fileID, line: Int = #line
  ) -> Node {
    let window = Window(kernel, stride: stride ?? kernel, padding: padding)
    let layer = AveragePool(window: window, ceiling: ceiling, countsPadding: countsPadding)
    return callLayer(layer, name, file: file, line: line)
  }

  /// Averages over windows that divide the map into `size`.
  public func adaptiveAveragePool(
    _ name: String? = nil, to size: Window.Size, file: String = #fileID, line: Int = #line
  ) -> Node {
    callLayer(AdaptivePool(.average, size: size), name, file: file, line: line)
  }
  public func adaptiveMaxPool(
    _ name: String? = nil, to size: Window.Size, file: String = #fileID, line: Int = #line
  ) -> Node {
    callLayer(AdaptivePool(.maximum, size: size), name, file: file, line: line)
  }

  /// C×1×1 for a map; a vector does not change.
  public func globalAveragePool(
    _ name: String? = nil, file: String = #fileID, line: Int = #line
  ) -> Node {
    shape.rank == 3 ? adaptiveAveragePool(name, to: 1, file: file, line: line) : self
  }
  public func globalMaxPool(
    _ name: String? = nil, file: String = #fileID, line: Int = #line
  ) -> Node {
    shape.rank == 3 ? adaptiveMaxPool(name, to: 1, file: file, line: line) : self
  }

  // MARK: Several inputs

  public func add(
    _ other: Node, _ name: String? = nil, file: String = #fileID, line: Int = #line
  ) -> Node {
    callLayer(Add(), name, with: [other], file: file, line: line)
  }

  /// Element by element; a C×1×1 or 1×H×W factor is broadcast over the map.
  public func multiply(
    _ other: Node, _ name: String? = nil, file: String = #fileID, line: Int = #line
  ) -> Node {
    callLayer(Multiply(), name, with: [other], file: file, line: line)
  }

  /// Along the first axis of an item, the channels.
  public func concatenate(
    _ others: Node..., name: String? = nil, file: String = #fileID, line: Int = #line
  ) -> Node {
    callLayer(Concatenate(), name, with: others, file: file, line: line)
  }

  // MARK: Shape

  public func flatten(_ name: String? = nil, file: String = #fileID, line: Int = #line) -> Node {
    callLayer(Reshape(shape: nil), name, file: file, line: line)
  }

  public func reshape(
    _ name: String? = nil, to shape: Shape, file: String = #fileID, line: Int = #line
  ) -> Node {
    callLayer(Reshape(shape: shape), name, file: file, line: line)
  }

  /// Every `step`-th index of a range along one axis of an item.
  public func slice(
    _ name: String? = nil, of range: Range<Int>, axis: Int = 0, step: Int = 1,
    file: String = #fileID, line: Int = #line
  ) -> Node {
    let layer = Slice(axis: axis, range: range, step: step)
    return callLayer(layer, name, file: file, line: line)
  }

  /// Axis i of the output is axis `axes[i]` of the input, counted without the batch.
  public func permute(
    _ name: String? = nil, axes: [Int], file: String = #fileID, line: Int = #line
  ) -> Node {
    callLayer(Permute(axes: axes), name, file: file, line: line)
  }

  /// Deals the channels of each group out over all groups.
  public func channelShuffle(
    _ name: String? = nil, groups: Int, file: String = #fileID, line: Int = #line
  ) -> Node {
    callLayer(ChannelShuffle(groups: groups), name, file: file, line: line)
  }

  /// Pads with zeros or another value; can also add channels before and after.
  public func pad(
    _ name: String? = nil, border: Window.Padding = 0, channels: (before: Int, after: Int) = (0, 0),
    value: Float = 0, file: String = #fileID, line: Int = #line
  ) -> Node {
    let layer = Pad(
      border: border, channelsBefore: channels.before, channelsAfter: channels.after, value: value)
    return callLayer(layer, name, file: file, line: line)
  }

  public func upsampleNearest(
    _ name: String? = nil, by factor: Window.Size, file: String = #fileID, line: Int = #line
  ) -> Node {
    callLayer(Upsample(.nearest, .factor(factor)), name, file: file, line: line)
  }

  public func upsampleBilinear(
    _ name: String? = nil, by factor: Window.Size, alignCorners: Bool = false,
    file: String = #fileID, line: Int = #line
  ) -> Node {
    let layer = Upsample(.bilinear(alignCorners: alignCorners), .factor(factor))
    return callLayer(layer, name, file: file, line: line)
  }

  /// Resizes to a given size, for example the map of a coarse level to that of a finer one.
  public func upsample(
    _ name: String? = nil, _ method: Upsample.Method, to size: Window.Size,
    file: String = #fileID, line: Int = #line
  ) -> Node {
    callLayer(Upsample(method, .size(size)), name, file: file, line: line)
  }
}
