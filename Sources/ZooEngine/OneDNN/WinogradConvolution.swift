import CKernels
import ZooKit

/// A convolution with a quarter to a half of the multiplications. oneDNN has Winograd kernels too,
/// at two thirds of the speed and only for 3×3.
final class WinogradConvolution: BlockedKernel {
  let name: String
  let items: [BlockedItem]
  let threads: Int
  let scratchFloats: Int
  private let convolution: zoo_winograd
  private let weights: Block
  private let bias: Tensor?

  /// Nil if there is no such kernel, or direct convolution is faster.
  init?(
    _ layer: Convolution, _ constants: [Tensor], from input: Shape, to output: Shape, batch: Int,
    slope: Float, bfloat16: Bool, threads: Int
  ) throws {
    guard Self.takes(layer, input, output) else { return nil }
    let window = layer.window
    var convolution = zoo_winograd(
      way: zoo_winograd_4_3, bfloat16: bfloat16 ? 1 : 0,
      batch: Int64(batch), inputs: Int64(input.channels), outputs: Int64(output.channels),
      height: Int64(input.height), width: Int64(input.width), out_height: Int64(output.height),
      out_width: Int64(output.width), top: Int64(window.padding.top),
      left: Int64(window.padding.left), slope: slope)
    guard
      let way = Way.best(
        taps: window.kernel.height, maps: batch, output, speed: bfloat16 ? 2 : 1)
    else { return nil }
    convolution.way = way.kind
    name = "winograd \(way.reach)×\(way.reach)"
    self.convolution = convolution
    self.threads = threads

    let group = Int(zoo_winograd_group(&convolution))
    items = Self.items(
      Int(zoo_winograd_tiles(&convolution)), groups: output.channels / 16 / group, group: group,
      bytes: way.points * 4 * (input.channels + output.channels), threads: threads)
    let most = items.reduce(0) { max($0, $1.places.count) }
    scratchFloats = (Int(zoo_winograd_scratch(&convolution, Int64(most))) + 1023) & ~1023

    weights = try Block(Int(zoo_winograd_weights(&convolution)))
    bias = constants.count > 1 ? constants[1] : nil
    // Safe to share: each thread packs different outputs.
    nonisolated(unsafe) let packed = weights.base
    let shape = convolution
    constants[0].withValues { kernels in
      nonisolated(unsafe) let kernels = kernels.baseAddress
      Threads.split(output.channels / 16, cost: input.channels * 16 * way.points) { range in
        withUnsafePointer(to: shape) {
          zoo_winograd_pack($0, kernels, packed, Int64(range.lowerBound), Int64(range.upperBound))
        }
      }
    }
  }

  /// Whether there is a kernel for it.
  static func takes(_ layer: Convolution, _ input: Shape, _ output: Shape) -> Bool {
    let window = layer.window
    return zoo_winograd_works() != 0 && layer.groups == 1 && window.stride == 1
      && window.dilation == 1 && (window.kernel == 3 || window.kernel == 5)
      && input.channels % 16 == 0 && output.channels % 16 == 0
  }

  /// F(reach × reach, taps × taps).
  private struct Way {
    let kind: zoo_winograd_way
    let reach: Int
    let taps: Int
    var points: Int { (reach + taps - 1) * (reach + taps - 1) }

    static let all = [
      Way(kind: zoo_winograd_4_3, reach: 4, taps: 3),
      Way(kind: zoo_winograd_3_3, reach: 3, taps: 3),
      Way(kind: zoo_winograd_2_3, reach: 2, taps: 3),
      Way(kind: zoo_winograd_2_5, reach: 2, taps: 5),
    ]

    /// The fastest tile size; nil if direct convolution is faster. All costs are proportional to
    /// inputs times outputs: the points of each tile, and reading the kernels, which takes as long
    /// as multiplying them with nine tiles. `speed` is how much faster direct multiplications run.
    static func best(taps: Int, maps: Int, _ output: Shape, speed: Int) -> Way? {
      func cost(_ way: Way) -> Int {
        let tiles = { (size: Int) in (size + way.reach - 1) / way.reach }
        return way.points * (maps * tiles(output.height) * tiles(output.width) + 9)
      }
      let plain = taps * taps * (maps * output.height * output.width + 9) / speed
      // The transforms take time too.
      return all.filter { $0.taps == taps && cost($0) * 5 < plain * 4 }.min { cost($0) < cost($1) }
    }
  }

  /// As many tiles at once as fill a core's cache. With few tiles the outputs are divided instead,
  /// so that each thread reads only its part of the kernels.
  private static func items(
    _ tiles: Int, groups: Int, group: Int, bytes: Int, threads: Int
  ) -> [BlockedItem] {
    let most = min(48, max(12, (900 << 10) / bytes / 6 * 6))
    if tiles < 12 * threads || tiles <= most, groups >= threads {
      let blocks = BlockedItem.parts(tiles, (tiles + most - 1) / most)
      return BlockedItem.parts(groups, threads).flatMap { range in
        blocks.map {
          BlockedItem(places: $0, outputs: range.lowerBound * group..<range.upperBound * group)
        }
      }
    }
    let share = (tiles + threads - 1) / threads
    let number = min(tiles, threads * ((share + most - 1) / most))
    return BlockedItem.parts(tiles, number).map {
      BlockedItem(places: $0, outputs: 0..<groups * group)
    }
  }

  func run(_ item: BlockedItem, _ call: BlockedCall, _ scratch: UnsafeMutablePointer<Float>) {
    var convolution = convolution
    // The kernel counts in elements.
    let perFloat = convolution.bfloat16 != 0 ? 2 : 1
    withExtendedLifetime(bias) {
      var arguments = zoo_winograd_arguments(
        source: call.source.pointer, weights: weights.base,
        bias: bias.flatMap { TensorView(constant: $0) }.map { UnsafePointer($0.pointer) },
        shortcut: call.shortcut?.pointer, target: call.target.pointer,
        source_apart: Int64(call.source.apart * perFloat),
        shortcut_apart: Int64((call.shortcut?.apart ?? 0) * perFloat),
        target_apart: Int64(call.target.apart * perFloat))
      zoo_winograd_run(
        &convolution, &arguments, Int64(item.places.lowerBound), Int64(item.places.upperBound),
        Int64(item.outputs.lowerBound), Int64(item.outputs.upperBound), scratch)
    }
  }
}
