import CZoo
import Dispatch
import Synchronization

/// The number of processors that the host uses, and a parallel loop.
///
/// The ranges of a loop write to separate memory, so results do not depend on the number of
/// threads. The exception is the last digit of a matrix product, because OpenBLAS handles the edges
/// of a narrower matrix in another order.
public enum Threads {
  private static let limit = Atomic<Int>(Int(zoo_cpu_count()))

  /// Initially all processors that the process may use.
  public static var count: Int {
    get { limit.load(ordering: .relaxed) }
    set { limit.store(max(1, newValue), ordering: .relaxed) }
  }

  /// Runs the body over `0..<count`, cut into one range per thread, each starting at a multiple of
  /// `multiple`. `cost` is the number of elements that one index touches, since a short loop is not
  /// worth waking a thread.
  public static func split(
    _ count: Int, cost: Int = 1, multiple: Int = 1, _ body: (Range<Int>) -> Void
  ) {
    let worth = count * cost / 32_768
    let pieces = min(Threads.count, worth, (count + multiple - 1) / multiple)
    guard pieces > 1 else { return count > 0 ? body(0..<count) : () }
    let blocks = (count + multiple - 1) / multiple
    withoutActuallyEscaping(body) { body in
      // Safe to share: the ranges do not overlap, and all have run when this returns.
      nonisolated(unsafe) let body = body
      DispatchQueue.concurrentPerform(iterations: pieces) { piece in
        let start = blocks * piece / pieces * multiple
        let end = blocks * (piece + 1) / pieces * multiple
        body(start..<min(end, count))
      }
    }
  }
}
