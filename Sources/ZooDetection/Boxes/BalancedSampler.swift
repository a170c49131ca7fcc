import ZooKit

/// Chooses the candidates of a loss at random, with a limited share of positives.
///
/// Most anchors show background, and a loss over all of them would learn little else (Ren et al.
/// 2015, arXiv:1506.01497, section 3.1.3).
public struct BalancedSampler: Hashable, Sendable {
  /// Candidates per picture.
  public var count: Int
  /// The largest share of positives; background fills the rest.
  public var share: Double

  public init(count: Int, share: Double) {
    self.count = count
    self.share = share
  }

  /// The indices of the chosen positives and the chosen background, each in rising order.
  ///
  /// Every candidate draws a number and the smallest are chosen, so the result does not depend on
  /// the number of threads.
  public func sample(_ matches: [Matching.Match], random: Random) -> (
    things: [Int], background: [Int]
  ) {
    var (things, background): ([Int], [Int]) = ([], [])
    for (index, match) in matches.enumerated() {
      switch match {
      case .truth: things.append(index)
      case .background: background.append(index)
      case .between: break
      }
    }
    func chosen(_ candidates: [Int], _ count: Int) -> [Int] {
      guard candidates.count > count else { return candidates }
      // A few hundred of a hundred thousand candidates are needed. Sort only those below a limit
      // that probably leaves enough.
      var limit = UInt64.max
      if candidates.count > 8 * (count + 16) {
        limit = UInt64.max / UInt64(candidates.count) * UInt64(2 * count + 64)
      }
      while true {
        let drawn = candidates.map { (bits: random.bits($0), index: $0) }.filter {
          $0.bits <= limit
        }
        if drawn.count >= count || limit == .max {
          return drawn.sorted { ($0.bits, $0.index) < ($1.bits, $1.index) }.prefix(count)
            .map(\.index).sorted()
        }
        limit = .max
      }
    }
    let most = min(things.count, Int(Double(count) * share))
    return (chosen(things, most), chosen(background, min(background.count, count - most)))
  }
}
