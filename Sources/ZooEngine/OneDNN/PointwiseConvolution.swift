import CKernels
import ZooKit

/// A 1×1 convolution that can apply a preceding norm and rectifier, and transposed convolutions
/// whose kernels do not overlap, which are one 1×1 convolution per kernel position.
final class PointwiseConvolution: BlockedKernel {
  /// Applied to the inputs while they are read: max(0, scale·x + shift), then the mean over
  /// squares.
  struct Prologue {
    var scale: Tensor?
    var shift: Tensor?
    var pool = 1
  }

  let name: String
  let items: [BlockedItem]
  let threads: Int
  let scratchFloats: Int
  private let convolution: zoo_pointwise
  private let prologue: Prologue
  private let weights: Block
  private let bias: Tensor

  /// Whether there is a kernel for the layer. An output in the plain layout may have any number of
  /// channels.
  static func takes(_ layer: Convolution, _ input: Shape, plain: Bool = false) -> Bool {
    let window = layer.window
    return zoo_pointwise_works() != 0 && layer.groups == 1 && window.kernel == 1
      && window.stride.height == window.stride.width && window.padding == 0
      && input.channels % 16 == 0 && (plain || layer.outputs % 16 == 0)
  }

  /// `input` is the input of the prologue. `plain` tells the output's layout.
  convenience init?(
    _ layer: Convolution, _ constants: [Tensor], _ prologue: Prologue, from input: Shape,
    to output: Shape, batch: Int, slope: Float, plain: Bool = false, threads: Int
  ) throws {
    guard Self.takes(layer, input, plain: plain), prologue.pool == 1 || layer.window.stride == 1
    else { return nil }
    let norms = prologue.scale != nil
    let outputs = (output.channels + 15) / 16 * 16
    try self.init(
      zoo_pointwise(
        batch: Int64(batch), inputs: Int64(input.channels), outputs: Int64(outputs),
        height: Int64(input.height), width: Int64(input.width), out_height: Int64(output.height),
        out_width: Int64(output.width),
        stride: Int64(prologue.pool > 1 ? prologue.pool : layer.window.stride.height), spread: 1,
        plain: plain ? Int64(output.channels) : 0, norms: norms ? 1 : 0,
        pools: prologue.pool > 1 ? 1 : 0, slope: slope),
      called: (norms ? "norm + " : "") + (prologue.pool > 1 ? "mean + " : "") + "1×1",
      kernels: constants[0].padded(to: outputs * input.channels),
      bias: constants.count > 1 ? constants[1].padded(to: outputs) : Tensor(zeros: [outputs]),
      prologue, threads: threads)
  }

  /// Nil if kernels overlap or leave gaps.
  convenience init?(
    _ layer: TransposedConvolution, _ constants: [Tensor], from input: Shape, batch: Int,
    slope: Float, threads: Int
  ) throws {
    let window = layer.window
    let side = window.kernel.height
    guard zoo_pointwise_works() != 0, layer.groups == 1, side > 1, window.kernel == window.stride,
      window.kernel.width == side, window.padding == 0, window.dilation == 1,
      layer.outputPadding == 0, input.channels % 16 == 0, layer.outputs % 16 == 0
    else { return nil }
    let (inputs, outputs) = (input.channels, layer.outputs)
    // Permutes inputs × outputs × positions to positions × outputs × inputs.
    let kernels = try Tensor([side * side, outputs, inputs]) { packed in
      constants[0].withValues { kernels in
        for place in 0..<side * side {
          for output in 0..<outputs {
            let row = (place * outputs + output) * inputs
            for input in 0..<inputs {
              packed[row + input] = kernels[(input * outputs + output) * side * side + place]
            }
          }
        }
      }
    }
    try self.init(
      zoo_pointwise(
        batch: Int64(batch), inputs: Int64(inputs), outputs: Int64(outputs),
        height: Int64(input.height), width: Int64(input.width), out_height: Int64(input.height),
        out_width: Int64(input.width), stride: 1, spread: Int64(side), plain: 0, norms: 0,
        pools: 0, slope: slope),
      called: "1×1 to \(side)×\(side)", kernels: kernels,
      bias: constants.count > 1 ? constants[1] : Tensor(zeros: [outputs]), .init(),
      threads: threads)
  }

  private init(
    _ convolution: zoo_pointwise, called name: String, kernels: Tensor, bias: Tensor,
    _ prologue: Prologue, threads: Int
  ) throws {
    var convolution = convolution
    self.convolution = convolution
    self.name = name
    self.bias = bias
    self.prologue = prologue
    self.threads = threads

    let group = Int(zoo_pointwise_group(&convolution))
    let places = Int(convolution.batch * convolution.out_height * convolution.out_width)
    let inputs = Int(convolution.inputs)
    let outputs = Int(convolution.outputs * convolution.spread * convolution.spread)
    // Gathered inputs stay in a core's cache, and so do inputs that every group of outputs reads
    // again, and rows that are written in turns.
    let isOneGroup = outputs == group * 16
    let most =
      convolution.norms != 0 || convolution.stride > 1
      ? max(12, (400 << 10) / (4 * inputs) / 12 * 12)
      : convolution.spread > 1
        ? max(256, (128 << 10) / (4 * inputs))
        : isOneGroup ? places : max(96, (512 << 10) / (4 * inputs) / 12 * 12)
    items = Self.items(
      places, most: most, groups: outputs / 16 / group, group: group, threads: threads)
    let longest = items.reduce(0) { max($0, $1.places.count) }
    scratchFloats = (Int(zoo_pointwise_scratch(&convolution, Int64(longest))) + 1023) & ~1023

    weights = try Block(Int(zoo_pointwise_weights(&convolution)))
    // Safe to share: each thread packs different outputs.
    nonisolated(unsafe) let packed = weights.base
    let shape = convolution
    kernels.withValues { kernels in
      nonisolated(unsafe) let kernels = kernels.baseAddress
      Threads.split(outputs / 16, cost: inputs * 64) { range in
        withUnsafePointer(to: shape) {
          zoo_pointwise_pack($0, kernels, packed, Int64(range.lowerBound), Int64(range.upperBound))
        }
      }
    }
  }

  /// With more weights than positions the outputs are divided, so that each thread reads only its
  /// part of the weights.
  private static func items(
    _ places: Int, most: Int, groups: Int, group: Int, threads: Int
  ) -> [BlockedItem] {
    if groups >= threads, groups * group * 16 > places {
      let blocks = BlockedItem.parts(places, (places + most - 1) / most)
      return BlockedItem.parts(groups, threads).flatMap { range in
        blocks.map {
          BlockedItem(places: $0, outputs: range.lowerBound * group..<range.upperBound * group)
        }
      }
    }
    let share = (places + threads - 1) / threads
    let number = min(places, threads * ((share + most - 1) / most))
    return BlockedItem.parts(places, number).map {
      BlockedItem(places: $0, outputs: 0..<groups * group)
    }
  }

  func run(_ item: BlockedItem, _ call: BlockedCall, _ scratch: UnsafeMutablePointer<Float>) {
    var convolution = convolution
    func pointer(_ tensor: Tensor?) -> UnsafePointer<Float>? {
      tensor.flatMap { TensorView(constant: $0) }.map { UnsafePointer($0.pointer) }
    }
    withExtendedLifetime((prologue, bias)) {
      var arguments = zoo_pointwise_arguments(
        source: call.source.pointer, scale: pointer(prologue.scale),
        shift: pointer(prologue.shift), weights: weights.base, bias: pointer(bias),
        shortcut: call.shortcut.map { UnsafePointer($0.pointer) }, target: call.target.pointer,
        source_apart: Int64(call.source.apart), shortcut_apart: Int64(call.shortcut?.apart ?? 0),
        target_apart: Int64(call.target.apart))
      zoo_pointwise_run(
        &convolution, &arguments, Int64(item.places.lowerBound), Int64(item.places.upperBound),
        Int64(item.outputs.lowerBound), Int64(item.outputs.upperBound), scratch)
    }
  }
}

extension Tensor {
  /// The same numbers, padded with zeros.
  fileprivate func padded(to count: Int) throws -> Tensor {
    guard count > self.count else { return self }
    return try Tensor([count]) { values in
      let end = withValues { values.initialize(fromContentsOf: $0) }
      values[end...].initialize(repeating: 0)
    }
  }
}
