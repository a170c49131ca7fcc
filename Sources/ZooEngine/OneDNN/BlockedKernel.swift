import COneDNN
import ZooKit

/// A kernel of ours on maps in blocks of 16 channels, run on the library's threads.
protocol BlockedKernel: AnyObject {
  /// The name in a profile.
  var name: String { get }
  /// The work items, divided evenly among the threads, in order.
  var items: [BlockedItem] { get }
  var threads: Int { get }
  /// The scratch memory of each thread, in floats.
  var scratchFloats: Int { get }
  func run(_ item: BlockedItem, _ call: BlockedCall, _ scratch: UnsafeMutablePointer<Float>)
}

/// The work of one thread at a time, which fits its cache.
struct BlockedItem {
  /// Tiles or positions, counted through the batch.
  let places: Range<Int>
  /// Blocks of sixteen outputs.
  let outputs: Range<Int>

  /// Divides a range into a number of parts.
  static func parts(_ count: Int, _ number: Int) -> [Range<Int>] {
    (0..<number).map { count * $0 / number..<count * ($0 + 1) / number }
  }
}

/// The source and target of a run.
struct BlockedCall {
  /// A map, and the distance between items of the batch in units of floats, whatever its type. The
  /// distance exceeds the map's size if the map is part of a concatenation.
  typealias Map = (pointer: UnsafeMutablePointer<Float>, apart: Int)

  let source: Map
  /// May be the target.
  let shortcut: Map?
  let target: Map
}

extension BlockedKernel {
  /// The scratch memory of a run, in floats.
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

  /// Runs the thread's share of the items.
  func run(_ thread: Int, of threads: Int) {
    let items = kernel.items
    for index in items.count * thread / threads..<items.count * (thread + 1) / threads {
      kernel.run(items[index], call, scratch + thread * kernel.scratchFloats)
    }
  }
}
