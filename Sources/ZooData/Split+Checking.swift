import Dispatch
import ZooKit

/// A picture that cannot be used, and why.
public struct Broken: Hashable, Sendable {
  /// The index in the split.
  public let index: Int
  public let name: String
  public let reason: String
}

extension Split {
  /// Decodes every picture once, on all threads, and removes broken ones.
  ///
  /// - Returns: The usable pictures, and the broken ones by name.
  /// - Throws: if more than 5 % are broken.
  public func checked() throws -> (split: Split, broken: [Broken]) {
    var reasons = [String?](repeating: nil, count: items.count)
    reasons.withUnsafeMutableBufferPointer { reasons in
      // Safe to share: each element is written by one thread.
      nonisolated(unsafe) let reasons = reasons
      let items = items
      Threads.split(items.count, cost: 1 << 20) { range in
        for index in range {
          do {
            _ = try items[index].sample()
          } catch {
            reasons[index] = "\(error)"
          }
        }
      }
    }
    let broken = reasons.enumerated().compactMap { index, reason in
      reason.map { Broken(index: index, name: items[index].name, reason: $0) }
    }
    try Split.tolerate(broken, of: items.count, in: name)
    return (
      Split(name: name, items: items.indices.filter { reasons[$0] == nil }.map { items[$0] }),
      broken
    )
  }

  static func tolerate(_ broken: [Broken], of total: Int, in name: String) throws {
    guard let first = broken.first, Double(broken.count) > Flaws.tolerance * Double(total) else {
      return
    }
    let others = broken.dropFirst().map(\.name)
    let named = others.prefix(Flaws.mostNamed).joined(separator: ", ")
    let more = others.count > Flaws.mostNamed ? " and \(others.count - Flaws.mostNamed) more" : ""
    throw ZooError.corrupt(
      "\(broken.count) of \(total) pictures in \(name) are broken, at most 5 % may be; the first: "
        + first.reason + (others.isEmpty ? "" : "; the others: \(named)\(more)"))
  }
}
