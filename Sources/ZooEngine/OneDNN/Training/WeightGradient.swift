import COneDNN
import Synchronization
import ZooKit

/// The gradients of weights and bias, as a sum over fixed shards of the batch.
///
/// The library cuts that sum by the number of its threads, which then decides the last digits. Here one
/// thread computes a shard, several shards are computed at once, and they are added in their order.
final class WeightGradient {
  private let shards: [Shard]
  private let threads: Int
  /// Of the weights' gradient.
  let layout: Layout
  /// The scratch memory of all threads, in floats.
  let scratchFloats: Int

  private struct Shard {
    /// The first item of the batch.
    let start: Int
    let kernel: Operation
  }

  /// The memory of a run.
  struct Call {
    let source: UnsafeMutablePointer<Float>
    /// Floats between items.
    let sourceItem: Int
    let gradient: UnsafeMutablePointer<Float>
    let gradientItem: Int
    let weights: UnsafeMutablePointer<Float>
    let bias: UnsafeMutablePointer<Float>?
    let biasCount: Int
    /// As many floats as ``WeightGradient/floats(bias:)`` says.
    let shards: UnsafeMutablePointer<Float>
    let scratch: UnsafeMutablePointer<Float>
  }

  /// The shards of a batch, whatever the number of threads: enough to keep many busy, and few where the
  /// weights are large, because each shard has a gradient of its own.
  private static func shards(batch: Int, floats: Int) -> [Range<Int>] {
    BlockedItem.parts(batch, min(batch, max(4, min(16, (8 << 20) / max(1, floats)))))
  }

  /// The library's kernel for the whole batch.
  init(_ kernel: Operation) throws {
    guard let layout = kernel.layout(zoo_dnn_weights_gradient) else {
      throw ZooError.failure("oneDNN gives no layout for a gradient")
    }
    (shards, threads) = ([Shard(start: 0, kernel: kernel)], 1)
    (self.layout, scratchFloats) = (layout, kernel.scratchFloats)
  }

  /// - Parameters:
  ///   - floats: the size of the weights.
  ///   - make: makes the kernel for a number of items; nil if there is none.
  convenience init?(
    batch: Int, floats: Int, threads: Int, _ make: (_ items: Int) throws -> Operation?
  ) throws {
    let ranges = Self.shards(batch: batch, floats: floats)
    guard batch >= 4 else {
      guard let kernel = try make(batch) else { return nil }
      try self.init(kernel)
      return
    }
    zoo_dnn_set_threads(1)
    defer { zoo_dnn_set_threads(Int32(threads)) }
    var kernels: [Int: Operation] = [:]
    for size in Set(ranges.map(\.count)).sorted() {
      guard let kernel = try make(size) else { return nil }
      kernels[size] = kernel
    }
    try self.init(
      ranges.compactMap { range in
        try kernels[range.count].map { Shard(start: range.lowerBound, kernel: try $0.copy()) }
      }, threads: threads)
  }

  private init?(_ shards: [Shard], threads: Int) {
    let layouts = shards.compactMap { $0.kernel.layout(zoo_dnn_weights_gradient) }
    guard let layout = layouts.first, layouts.count == shards.count,
      layouts.allSatisfy({ $0.equals(layout) })
    else { return nil }
    (self.shards, self.layout, self.threads) = (shards, layout, min(threads, shards.count))
    scratchFloats = self.threads * padded(shards.map(\.kernel.scratchFloats).max() ?? 0)
  }

  /// The memory for the shards' gradients.
  func floats(bias: Int) -> Int {
    shards.count > 1 ? shards.count * (padded(layout.floats) + padded(bias)) : 1
  }

  func run(_ call: Call) throws {
    guard shards.count > 1 else {
      return try run(shards[0], call, call.weights, call.bias, call.scratch)
    }
    var work = Work(gradient: self, call: call)
    withUnsafeMutablePointer(to: &work) { work in
      let done = zoo_dnn_parallel(
        Int32(threads),
        { context, thread, threads in
          context?.assumingMemoryBound(to: Work.self).pointee.run(Int(thread), of: Int(threads))
        }, work)
      if done == 0 { work.pointee.run(0, of: 1) }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    sum(call.shards, layout.floats, to: call.weights)
    if let bias = call.bias {
      sum(call.shards + shards.count * padded(layout.floats), call.biasCount, to: bias)
    }
  }

  private func sum(
    _ parts: UnsafeMutablePointer<Float>, _ count: Int, to target: UnsafeMutablePointer<Float>
  ) {
    zoo_sum_parts(
      parts, Int32(shards.count), Int64(padded(count)), target, Int64(count), Int32(threads))
  }

  private let failure = Mutex<(any Error)?>(nil)

  private func run(
    _ shard: Shard, _ call: Call, _ weights: UnsafeMutablePointer<Float>,
    _ bias: UnsafeMutablePointer<Float>?, _ scratch: UnsafeMutablePointer<Float>
  ) throws {
    try shard.kernel.run(
      [
        (zoo_dnn_source, call.source + shard.start * call.sourceItem),
        (zoo_dnn_target_gradient, call.gradient + shard.start * call.gradientItem),
        (zoo_dnn_weights_gradient, weights),
      ] + (bias.map { [(zoo_dnn_bias_gradient, $0)] } ?? []), scratch: scratch)
  }

  private struct Work {
    let gradient: WeightGradient
    let call: Call

    /// Runs the thread's share of the shards.
    func run(_ thread: Int, of threads: Int) {
      let shards = gradient.shards
      let floats = padded(gradient.layout.floats)
      let biases = call.shards + shards.count * floats
      let scratch = call.scratch + thread * (gradient.scratchFloats / gradient.threads)
      for index in shards.count * thread / threads..<shards.count * (thread + 1) / threads {
        do {
          try gradient.run(
            shards[index], call, call.shards + index * floats,
            call.bias.map { _ in biases + index * padded(call.biasCount) }, scratch)
        } catch {
          gradient.failure.withLock { $0 = error }
        }
      }
    }
  }
}

/// Whole vectors.
private func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
