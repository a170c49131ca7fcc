import Dispatch
import Synchronization
import ZooKit

/// Compiled plans for callers on any number of threads.
///
/// ```swift
/// let values = try plans.withPlan(for: shape) {
///   try InferencePlan(graph(for: shape), weights, batch: 1, engine: engine)
/// } run: { plan in
///   try plan.run(["image": batch])
/// }
/// ```
/// A caller that is alone gets a plan that uses every thread. Calls that overlap divide the threads: up
/// to eight run at once, each on its share, and further ones wait. That computes more pictures per
/// second than one call after another, because a plan on one thread waits for no other.
///
/// Plans for one key and one number of threads share their packed weights, and differ in the memory for
/// values. The plans that were not used for longest are freed first.
public final class PlanPool<Key: Hashable & Sendable>: Sendable {
  /// The most calls that run at once.
  public let lanes: Int
  /// Whether calls always get a share of the threads, because more than one is expected.
  private let isAlwaysShared: Bool
  /// The number of plans to keep.
  private let capacity: Int
  private let state = Mutex(State())
  private let room: DispatchSemaphore
  /// Only one plan is compiled at a time, so that two calls do not compile the same.
  private let compiling = DispatchSemaphore(value: 1)

  /// The largest number of calls at once, for a machine with that many processors or more.
  public static var mostLanes: Int { min(Threads.count, 8) }

  /// After calls have overlapped, the number of lone ones before a plan on every thread is used again:
  /// callers that also read pictures overlap now and then.
  private static var calm: Int { 8 }

  private struct State {
    var callers = 0
    /// Since the last overlap.
    var loneCalls = PlanPool.calm
    /// The latest last.
    var entries: [Entry] = []
  }

  /// `@unchecked Sendable`: a lent plan is used by one caller only, and nothing runs an idle one.
  private struct Entry: @unchecked Sendable {
    let key: Key
    let threads: Int
    let plan: InferencePlan
    var isLent = true
  }

  /// - Parameters:
  ///   - capacity: the number of plans to keep for different keys.
  ///   - callers: how many calls will overlap; nil means any number.
  public init(capacity: Int = 4, callers: Int? = nil) {
    lanes = min(callers ?? .max, Self.mostLanes)
    isAlwaysShared = lanes > 1 && callers != nil
    self.capacity = capacity + lanes - 1
    room = DispatchSemaphore(value: lanes)
  }

  /// Runs the body with a plan for the key, which `make` compiles if there is none.
  ///
  /// Neither closure may use the pool.
  public func withPlan<Result>(
    for key: Key, make: () throws -> InferencePlan, run: (InferencePlan) throws -> Result
  ) throws -> Result {
    let isShared = state.withLock { state in
      state.callers += 1
      state.loneCalls = state.callers > 1 ? 0 : min(state.loneCalls + 1, Self.calm)
      return isAlwaysShared || state.loneCalls < Self.calm
    }
    defer { state.withLock { $0.callers -= 1 } }
    room.wait()
    defer { room.signal() }
    let threads = isShared ? max(1, Threads.count / lanes) : Threads.count
    let entry = try idle(key, threads) ?? made(key, threads, make)
    defer { giveBack(entry) }
    return try run(entry.plan)
  }

  /// The memory of the plans' values, in bytes.
  public var arenaBytes: Int {
    state.withLock { $0.entries.reduce(0) { $0 + $1.plan.arenaBytes } }
  }

  private func idle(_ key: Key, _ threads: Int) -> Entry? {
    state.withLock { state in
      let found = state.entries.lastIndex {
        !$0.isLent && $0.key == key && $0.threads == threads
      }
      guard let found else { return nil }
      state.entries[found].isLent = true
      return state.entries[found]
    }
  }

  private func made(_ key: Key, _ threads: Int, _ make: () throws -> InferencePlan) throws -> Entry
  {
    compiling.wait()
    defer { compiling.signal() }
    if let entry = idle(key, threads) { return entry }
    let sibling = state.withLock { state in
      let sibling = state.entries.last { $0.key == key && $0.threads == threads }
      // The memory of an old plan is freed before the new one is allocated.
      while state.entries.count >= capacity,
        let old = state.entries.firstIndex(where: { !$0.isLent })
      {
        state.entries.remove(at: old)
      }
      return sibling
    }
    let plan = try sibling?.plan.copy() ?? Schedule.$share.withValue(threads) { try make() }
    let entry = Entry(key: key, threads: threads, plan: plan)
    state.withLock { $0.entries.append(entry) }
    return entry
  }

  private func giveBack(_ entry: Entry) {
    state.withLock { state in
      guard let place = state.entries.firstIndex(where: { $0.plan === entry.plan }) else { return }
      var entry = state.entries.remove(at: place)
      entry.isLent = false
      state.entries.append(entry)
    }
  }
}
