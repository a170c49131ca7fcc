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
    let (split, broken, _) = try inspected { _, _ in }
    return (split, broken)
  }

  /// Like ``checked()``, and marks the pictures for a search of duplicates, in the order of the
  /// usable pictures.
  public func surveyed() throws -> (split: Split, broken: [Broken], marks: [PictureMark]) {
    let (split, broken, marks) = try inspected { item, sample in
      PictureMark(digest: try item.digest(), likeness: Likeness(sample.picture))
    }
    return (split, broken, marks)
  }

  private func inspected<Finding: Sendable>(_ look: (Item, Sample) throws -> Finding) throws
    -> (split: Split, broken: [Broken], findings: [Finding])
  {
    var results = [Result<Finding, any Error>?](repeating: nil, count: items.count)
    results.withUnsafeMutableBufferPointer { results in
      // Safe to share: each element is written by one thread.
      nonisolated(unsafe) let results = results
      let items = items
      Threads.split(items.count, cost: 1 << 20) { range in
        for index in range {
          let item = items[index]
          results[index] = Result { try look(item, try item.sample()) }
        }
      }
    }
    var (usable, broken, findings): ([Item], [Broken], [Finding]) = ([], [], [])
    for (index, result) in results.enumerated() {
      switch result {
      case .success(let finding):
        usable.append(items[index])
        findings.append(finding)
      case .failure(let error):
        broken.append(Broken(index: index, name: items[index].name, reason: "\(error)"))
      case nil: break
      }
    }
    try Split.tolerate(broken, of: items.count, in: name)
    return (Split(name: name, items: usable), broken, findings)
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
