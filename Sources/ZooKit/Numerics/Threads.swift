import CZoo
import Dispatch
import Synchronization

/// The number of processors that the host uses, and a parallel loop.
///
/// The ranges of a loop write to separate memory. A body whose last digit depends on the size of its range
/// asks for a fixed number of pieces, so that results do not depend on the number of threads.
public enum Threads {
  private static let limit = Atomic<Int>(Int(zoo_cpu_count()))

  /// Initially all processors that the process may use.
  public static var count: Int {
    get { limit.load(ordering: .relaxed) }
    set { limit.store(max(1, newValue), ordering: .relaxed) }
  }

  /// Runs the body over `0..<count`, cut into one range per thread or into a fixed number of pieces, each
  /// starting at a multiple of `multiple`. `cost` is the number of elements that one index touches, since
  /// a short loop is not worth waking a thread.
  public static func split(
    _ count: Int, cost: Int = 1, multiple: Int = 1, pieces wanted: Int? = nil,
    _ body: (Range<Int>) -> Void
  ) {
    let blocks = (count + multiple - 1) / multiple
    let pieces = min(wanted ?? Threads.count, count * cost / 32_768, blocks)
    guard pieces > 1 else { return count > 0 ? body(0..<count) : () }
    let threads = min(Threads.count, pieces)
    withoutActuallyEscaping(body) { body in
      // Safe to share: the ranges do not overlap, and all have run when this returns.
      nonisolated(unsafe) let body = body
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        for piece in pieces * thread / threads..<pieces * (thread + 1) / threads {
          let start = blocks * piece / pieces * multiple
          body(start..<min(blocks * (piece + 1) / pieces * multiple, count))
        }
      }
    }
  }
}
