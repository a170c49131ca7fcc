/// One block of memory that values share over time.
///
/// A value lives from the step that produces it to the last step that reads it; values whose
/// lifetimes do not overlap may share memory. Placing the largest first, each at the lowest offset
/// that is free for its whole lifetime, comes within a few percent of the largest sum of values
/// alive at once (Pisarchyk and Lee 2020, arXiv:2001.03288).
package struct Arena {
  /// A size in memory for an interval of time, both ends included.
  package struct Claim {
    package var count: Int
    package var first: Int
    package var last: Int

    package init(count: Int, first: Int, last: Int) {
      self.count = count
      self.first = first
      self.last = last
    }
  }

  /// In floats, one per claim.
  package let offsets: [Int]
  /// In floats.
  package let size: Int

  package init(_ claims: [Claim]) {
    /// Rounds up to whole cache lines, so that no line holds two values.
    func rounded(_ count: Int) -> Int { (count + 15) & ~15 }

    var offsets = Array(repeating: 0, count: claims.count)
    var placed: [Int] = []
    var size = 0
    let largestFirst = claims.indices.sorted {
      (claims[$1].count, claims[$0].first) < (claims[$0].count, claims[$1].first)
    }
    for index in largestFirst {
      let claim = claims[index]
      var offset = 0
      // `placed` is sorted by offset; find the first gap that is wide enough.
      for other in placed
      where claims[other].first <= claim.last && claim.first <= claims[other].last {
        if offset + rounded(claim.count) <= offsets[other] { break }
        offset = max(offset, offsets[other] + rounded(claims[other].count))
      }
      offsets[index] = offset
      placed.insert(index, at: placed.firstIndex { offsets[$0] > offset } ?? placed.count)
      size = max(size, offset + rounded(claim.count))
    }
    self.offsets = offsets
    self.size = size
  }
}

extension Arena {
  /// The largest sum of claims alive at once, which is a lower bound for any plan.
  package static func bound(_ claims: [Claim]) -> Int {
    var changes: [Int: Int] = [:]
    for claim in claims {
      changes[claim.first, default: 0] += claim.count
      changes[claim.last + 1, default: 0] -= claim.count
    }
    var (live, most) = (0, 0)
    for time in changes.keys.sorted() {
      live += changes[time] ?? 0
      most = max(most, live)
    }
    return most
  }
}
