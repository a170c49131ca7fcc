import ZooKit

/// Two pictures that are the same, or look the same.
///
/// ```swift
/// let marks = try split.surveyed().marks
/// for pair in Duplicate.within(marks) { print(pair.first, pair.second, pair.isSame) }
/// ```
public struct Duplicate: Hashable, Sendable {
  /// Positions in the lists that were compared.
  public let first, second: Int
  /// Whether the stored bytes are the same. Otherwise the pictures look alike; see ``Likeness``.
  public let isSame: Bool

  /// The duplicates in a list: for each picture that has one, the most similar of the pictures
  /// before it. 10,000 pictures take a second.
  public static func within(_ marks: [PictureMark?]) -> [Duplicate] {
    var firsts: [UInt64: Int] = [:]
    let same = marks.enumerated().map { index, mark -> Int? in
      guard let digest = mark?.digest else { return nil }
      if let first = firsts[digest] { return first }
      firsts[digest] = index
      return nil
    }
    // A copy is like whatever its original is like.
    let signs = Signs(marks.enumerated().map { same[$0] == nil ? $1?.likeness : nil })
    let alike = found(marks.count, halving: true) { index in
      same[index] == nil ? signs.nearest(to: marks[index]?.likeness, before: index) : nil
    }
    return pairs(same, alike)
  }

  /// The pictures of `others` that occur in `marks`, each with the most similar picture there:
  /// ``first`` is a position in `marks`, ``second`` one in `others`.
  /// `looks`: whether to find also pictures that look alike.
  public static func between(
    _ marks: [PictureMark?], and others: [PictureMark?], looking looks: Bool = true
  ) -> [Duplicate] {
    let firsts = Dictionary(
      marks.enumerated().compactMap { index, mark in mark.map { ($0.digest, index) } }
    ) { first, _ in first }
    let same = others.map { $0.flatMap { firsts[$0.digest] } }
    let signs = Signs(looks ? marks.map { $0?.likeness } : [])
    let alike = found(others.count, halving: false) { index in
      same[index] == nil ? signs.nearest(to: others[index]?.likeness, before: marks.count) : nil
    }
    return pairs(same, alike)
  }

  private static func pairs(_ same: [Int?], _ alike: [Int?]) -> [Duplicate] {
    zip(same, alike).enumerated().compactMap { index, found in
      (found.0 ?? found.1).map {
        Duplicate(first: $0, second: index, isSame: found.0 != nil)
      }
    }
  }

  /// Runs the search for every position on all threads.
  /// - Parameter halving: whether later positions cost more, so that each thread takes positions
  ///   from both ends.
  private static func found(_ count: Int, halving: Bool, _ search: (Int) -> Int?) -> [Int?] {
    var results = [Int?](repeating: nil, count: count)
    results.withUnsafeMutableBufferPointer { results in
      // Safe to share: each element is written by one thread.
      nonisolated(unsafe) let results = results
      let rows = halving ? (count + 1) / 2 : count
      Threads.split(rows, cost: 8 * max(count, 64)) { range in
        for row in range {
          results[row] = search(row)
          let mirrored = count - 1 - row
          if halving, mirrored != row { results[mirrored] = search(mirrored) }
        }
      }
    }
    return results
  }
}

/// The hashes of many pictures, side by side in memory.
private struct Signs {
  private let words: [SIMD4<UInt64>]
  private let places: [Int]
  private let likenesses: [Likeness]

  init(_ marks: [Likeness?]) {
    let there = marks.enumerated().compactMap { index, mark in mark.map { (index, $0) } }
    places = there.map(\.0)
    likenesses = there.map(\.1)
    words = likenesses.map(\.signs)
  }

  /// The position of the most similar picture before `end`; nil if none is alike.
  func nearest(to likeness: Likeness?, before end: Int) -> Int? {
    guard let likeness else { return nil }
    var best: (place: Int, distance: Int)?
    let count = places.partitioned { $0 < end }
    for position in Likeness.Position.all {
      let wanted = likeness.signs(position)
      for index in 0..<count {
        guard let distance = Likeness.distance(words[index], wanted),
          distance < best?.distance ?? .max,
          likeness.correlation(with: likenesses[index], position) >= Likeness.leastCorrelation
        else { continue }
        best = (places[index], distance)
      }
    }
    return best?.place
  }
}

extension [Int] {
  /// How many of these rising numbers come first.
  fileprivate func partitioned(_ isBefore: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
