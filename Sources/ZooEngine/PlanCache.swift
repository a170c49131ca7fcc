/// The plans that were used last, by what they were made for. An arena for large pictures takes
/// gigabytes, so the one that nobody has used for longest goes before another is made.
///
/// ```swift
/// let plan = try plans.plan(for: shape) {
///   try InferencePlan(graph(for: shape), weights, batch: 1)
/// }
/// ```
/// Not to be used by two threads at once.
public final class PlanCache<Key: Hashable, Plan> {
  /// How many are kept.
  public let capacity: Int
  private var entries: [(key: Key, plan: Plan)] = []

  public init(capacity: Int = 4) { self.capacity = capacity }

  /// Those that are kept, the latest last.
  public var plans: [Plan] { entries.map(\.plan) }

  /// The plan for the key, made unless it is kept.
  public func plan(for key: Key, _ make: () throws -> Plan) rethrows -> Plan {
    let found = entries.firstIndex { $0.key == key }.map { entries.remove(at: $0).plan }
    // Room first: the old arena and the new one need not be there at once.
    if found == nil, entries.count >= capacity { entries.removeFirst() }
    let plan = try found ?? make()
    entries.append((key, plan))
    return plan
  }

  public func removeAll() { entries.removeAll() }
}
