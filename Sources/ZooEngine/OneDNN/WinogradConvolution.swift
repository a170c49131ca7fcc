import CKernels
import COneDNN
import ZooKit

/// A 3×3 convolution by a quarter of the multiplications, on maps in blocks of 16 channels: the
/// library's own takes Winograd's way too, at two thirds of the speed.
final class WinogradConvolution {
  /// Tiles and sixteens of outputs that one thread does at once, in its cache.
  private struct Item {
    let tiles: Range<Int>
    let outputs: Range<Int>
  }

  private var convolution: zoo_winograd
  private let weights: Block
  private let bias: Tensor?
  private let threads: Int
  private let items: [Item]
  /// Floats of memory that each thread borrows.
  private let scratchFloats: Int

  /// Nil where there are no such kernels, or where the plain way is faster.
  init?(
    _ layer: Convolution, _ constants: [Tensor], from input: Shape, to output: Shape, batch: Int,
    relu: Bool, threads: Int
  ) throws {
    let window = layer.window
    guard zoo_winograd_works() != 0, layer.groups == 1, window.kernel == 3, window.stride == 1,
      window.dilation == 1, input.channels % 16 == 0, output.channels % 16 == 0
    else { return nil }
    convolution = zoo_winograd(
      batch: Int64(batch), inputs: Int64(input.channels), outputs: Int64(output.channels),
      height: Int64(input.height), width: Int64(input.width), out_height: Int64(output.height),
      out_width: Int64(output.width), top: Int64(window.padding.top),
      left: Int64(window.padding.left), relu: relu ? 1 : 0)
    let tiles = Int(zoo_winograd_tiles(&convolution))
    // The transformed kernels are four times as large. A few tiles are not worth reading them.
    guard tiles >= 8 else { return nil }

    self.threads = threads
    let group = Int(zoo_winograd_group(&convolution))
    items = Self.items(
      tiles, groups: output.channels / 16 / group, group: group,
      bytes: 36 * 4 * (input.channels + output.channels), threads: threads)
    let most = items.reduce(0) { max($0, $1.tiles.count) }
    scratchFloats = (Int(zoo_winograd_scratch(&convolution, Int64(most))) + 1023) & ~1023

    weights = try Block(Int(zoo_winograd_weights(&convolution)))
    bias = constants.count > 1 ? constants[1] : nil
    // Safe to share: each thread packs outputs of its own.
    nonisolated(unsafe) let packed = weights.base
    let shape = convolution
    constants[0].withValues { kernels in
      nonisolated(unsafe) let kernels = kernels.baseAddress
      Threads.split(output.channels / 16, cost: input.channels * 16 * 36) { range in
        withUnsafePointer(to: shape) {
          zoo_winograd_pack($0, kernels, packed, Int64(range.lowerBound), Int64(range.upperBound))
        }
      }
    }
  }

  /// As many tiles at once as keep a core's cache full; where there are few, outputs are divided
  /// instead, so that each thread reads its part of the kernels only.
  private static func items(
    _ tiles: Int, groups: Int, group: Int, bytes: Int, threads: Int
  ) -> [Item] {
    let most = min(48, max(12, (900 << 10) / bytes / 6 * 6))
    func parts(_ count: Int, _ number: Int) -> [Range<Int>] {
      (0..<number).map { count * $0 / number..<count * ($0 + 1) / number }
    }
    if tiles < 12 * threads, groups >= threads {
      let blocks = parts(tiles, (tiles + most - 1) / most)
      return parts(groups, threads).flatMap { range in
        blocks.map {
          Item(tiles: $0, outputs: range.lowerBound * group..<range.upperBound * group)
        }
      }
    }
    let share = (tiles + threads - 1) / threads
    let number = min(tiles, threads * ((share + most - 1) / most))
    return parts(tiles, number).map { Item(tiles: $0, outputs: 0..<groups * group) }
  }

  /// Memory that a run borrows, in floats.
  var scratch: Int { scratchFloats * threads }

  /// The shortcut may be the target.
  func run(
    _ source: UnsafePointer<Float>, shortcut: UnsafePointer<Float>?,
    into target: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    withExtendedLifetime(bias) {
      var call = Call(
        convolution: self, scratch: scratch,
        arguments: zoo_winograd_arguments(
          source: source, weights: weights.base,
          bias: bias.flatMap { TensorView(constant: $0) }.map { UnsafePointer($0.pointer) },
          shortcut: shortcut, target: target))
      withUnsafeMutablePointer(to: &call) { call in
        let done = zoo_dnn_parallel(
          Int32(threads),
          { context, thread, threads in
            context?.assumingMemoryBound(to: Call.self).pointee.run(Int(thread), of: Int(threads))
          }, call)
        if done == 0 { call.pointee.run(0, of: 1) }
      }
    }
  }

  private struct Call {
    let convolution: WinogradConvolution
    let scratch: UnsafeMutablePointer<Float>
    let arguments: zoo_winograd_arguments

    /// The thread's share of the items.
    func run(_ thread: Int, of threads: Int) {
      let items = convolution.items
      withUnsafePointer(to: arguments) { arguments in
        withUnsafePointer(to: convolution.convolution) { shape in
          for index in items.count * thread / threads..<items.count * (thread + 1) / threads {
            let item = items[index]
            zoo_winograd_run(
              shape, arguments, Int64(item.tiles.lowerBound), Int64(item.tiles.upperBound),
              Int64(item.outputs.lowerBound), Int64(item.outputs.upperBound),
              scratch + thread * convolution.scratchFloats)
          }
        }
      }
    }
  }
}
