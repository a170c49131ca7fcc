// Words in texts. The standard library has these in a module of regular expressions, whose two
// libraries every program would have to load for them: 3 % of what a small network takes.

extension StringProtocol {
  /// Where a text stands in this one for the first time.
  package func firstRange(of text: some StringProtocol) -> Range<Index>? {
    indices.lazy.filter { self[$0...].hasPrefix(text) }.first.map {
      $0..<index($0, offsetBy: text.count)
    }
  }

  /// This text with another in all places of a word.
  package func replacing(_ word: some StringProtocol, with other: some StringProtocol) -> String {
    var (done, rest) = ("", self[...])
    while !word.isEmpty, let range = rest.firstRange(of: word) {
      done += String(rest[..<range.lowerBound]) + String(other)
      rest = rest[range.upperBound...]
    }
    return done + String(rest)
  }
}
