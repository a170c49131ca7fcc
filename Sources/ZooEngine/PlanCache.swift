/// A cache of the most recently used plans. An arena for large pictures takes gigabytes, so the
/// least recently used plan is freed before a new one is made.
///
/// ```swift
/// let plan = try plans.plan(for: shape) {
///   try InferencePlan(graph(for: shape), weights, batch: 1)
/// }
/// ```
/// Not thread-safe.
public final class PlanCache<Key: Hashable, Plan> {
  /// The number of cached plans.
  public let capacity: Int
  private var entries: [(key: Key, plan: Plan)] = []

  public init(capacity: Int = 4) { self.capacity = capacity }

  /// The cached plans, the latest last.
  public var plans: [Plan] { entries.map(\.plan) }

  /// The cached plan for the key, or a new one.
  public func plan(for key: Key, _ make: () throws -> Plan) rethrows -> Plan {
    let found = entries.firstIndex { $0.key == key }.map { entries.remove(at: $0).plan }
    // Free the old arena before the new one is allocated.
    if found == nil, entries.count >= capacity { entries.removeFirst() }
    let plan = try found ?? make()
    entries.append((key, plan))
    return plan
  }

  public func removeAll() { entries.removeAll() }
}
