import CKernels
import ZooKit

/// A 1×1 convolution that takes a norm and a rectifier before it along.
final class PointwiseConvolution: BlockedKernel {
  /// What is done to the inputs on the way: max(0, scale·x + shift), then the mean over squares.
  struct Prologue {
    var scale: Tensor?
    var shift: Tensor?
    var pool = 1
  }

  let name: String
  let items: [BlockedItem]
  let threads: Int
  let scratchFloats: Int
  private var convolution: zoo_pointwise
  private let prologue: Prologue
  private let weights: Block
  private let bias: Tensor

  /// Whether there is a kernel for the layer.
  static func takes(_ layer: Convolution, _ input: Shape) -> Bool {
    let window = layer.window
    return zoo_pointwise_works() != 0 && layer.groups == 1 && window.kernel == 1
      && window.stride.height == window.stride.width && window.padding == 0
      && input.channels % 16 == 0 && layer.outputs % 16 == 0
  }

  /// The input is what the prologue reads.
  init?(
    _ layer: Convolution, _ constants: [Tensor], _ prologue: Prologue, from input: Shape,
    to output: Shape, batch: Int, slope: Float, threads: Int
  ) throws {
    guard Self.takes(layer, input), prologue.pool == 1 || layer.window.stride == 1 else {
      return nil
    }
    let stride = prologue.pool > 1 ? prologue.pool : layer.window.stride.height
    let norms = prologue.scale != nil
    var convolution = zoo_pointwise(
      batch: Int64(batch), inputs: Int64(input.channels), outputs: Int64(output.channels),
      height: Int64(input.height), width: Int64(input.width), out_height: Int64(output.height),
      out_width: Int64(output.width), stride: Int64(stride), norms: norms ? 1 : 0,
      pools: prologue.pool > 1 ? 1 : 0, slope: slope)
    name = (norms ? "norm + " : "") + (prologue.pool > 1 ? "mean + " : "") + "1×1"
    self.convolution = convolution
    self.prologue = prologue
    self.threads = threads

    let group = Int(zoo_pointwise_group(&convolution))
    items = Self.items(
      batch * output.height * output.width, groups: output.channels / 16 / group, group: group,
      inputs: input.channels, gathers: norms || stride > 1, threads: threads)
    let most = items.reduce(0) { max($0, $1.places.count) }
    scratchFloats = (Int(zoo_pointwise_scratch(&convolution, Int64(most))) + 1023) & ~1023

    weights = try Block(Int(zoo_pointwise_weights(&convolution)))
    bias = try constants.count > 1 ? constants[1] : Tensor(zeros: [output.channels])
    // Safe to share: each thread packs outputs of its own.
    nonisolated(unsafe) let packed = weights.base
    let shape = convolution
    constants[0].withValues { kernels in
      nonisolated(unsafe) let kernels = kernels.baseAddress
      Threads.split(output.channels / 16, cost: input.channels * 64) { range in
        withUnsafePointer(to: shape) {
          zoo_pointwise_pack($0, kernels, packed, Int64(range.lowerBound), Int64(range.upperBound))
        }
      }
    }
  }

  /// Who has more weights than places divides the outputs, so that each thread reads its part of
  /// the weights only. What is gathered stays in a core's cache.
  private static func items(
    _ places: Int, groups: Int, group: Int, inputs: Int, gathers: Bool, threads: Int
  ) -> [BlockedItem] {
    let most = gathers ? max(12, (400 << 10) / (4 * inputs) / 12 * 12) : places
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
