import COneDNN
import ZooKit

/// A kernel of our own on maps in blocks of 16 channels, on the library's threads.
protocol BlockedKernel: AnyObject {
  /// As a profile calls it.
  var name: String { get }
  /// Divided evenly among the threads, in order.
  var items: [BlockedItem] { get }
  var threads: Int { get }
  /// Floats of memory that each thread borrows.
  var scratchFloats: Int { get }
  func run(_ item: BlockedItem, _ call: BlockedCall, _ scratch: UnsafeMutablePointer<Float>)
}

/// What one thread does at once, in its cache.
struct BlockedItem {
  /// Tiles or places, counted through the batch.
  let places: Range<Int>
  /// Sixteens of outputs.
  let outputs: Range<Int>

  /// A range in so many parts.
  static func parts(_ count: Int, _ number: Int) -> [Range<Int>] {
    (0..<number).map { count * $0 / number..<count * ($0 + 1) / number }
  }
}

/// Where a run reads and writes.
struct BlockedCall {
  /// A map and how far it is from one item of the batch to the next, in floats whatever it is made
  /// of: more than the map has where it is part of a concatenation.
  typealias Map = (pointer: UnsafeMutablePointer<Float>, apart: Int)

  let source: Map
  /// May be the target.
  let shortcut: Map?
  let target: Map
}

extension BlockedKernel {
  /// Memory that a run borrows, in floats.
  var scratch: Int { scratchFloats * threads }

  func run(_ call: BlockedCall, _ scratch: UnsafeMutablePointer<Float>) {
    var work = Work(kernel: self, call: call, scratch: scratch)
    withUnsafeMutablePointer(to: &work) { work in
      let done = zoo_dnn_parallel(
        Int32(threads),
        { context, thread, threads in
          context?.assumingMemoryBound(to: Work.self).pointee.run(Int(thread), of: Int(threads))
        }, work)
      if done == 0 { work.pointee.run(0, of: 1) }
    }
  }
}

private struct Work {
  let kernel: any BlockedKernel
  let call: BlockedCall
  let scratch: UnsafeMutablePointer<Float>

  /// The thread's share of the items.
  func run(_ thread: Int, of threads: Int) {
    let items = kernel.items
    for index in items.count * thread / threads..<items.count * (thread + 1) / threads {
      kernel.run(items[index], call, scratch + thread * kernel.scratchFloats)
    }
  }
}
