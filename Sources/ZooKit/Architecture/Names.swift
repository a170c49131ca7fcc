/// Numbers inside names compare as numbers: `resnet18` precedes `resnet101`.
package func naturallyPrecedes(_ a: String, _ b: String) -> Bool {
  /// Splits a name into runs of digits and runs of other characters.
  func parts(_ name: String) -> [(text: Substring, number: Int?)] {
    var parts: [(text: Substring, number: Int?)] = []
    var rest = name[...]
    while let first = rest.first {
      let part = rest.prefix { $0.isNumber == first.isNumber }
      parts.append((part, Int(part)))
      rest = rest[part.endIndex...]
    }
    return parts
  }
  for (left, right) in zip(parts(a), parts(b)) where left.text != right.text {
    if let left = left.number, let right = right.number, left != right { return left < right }
    return left.text < right.text
  }
  return a.utf8.count == b.utf8.count ? a < b : a.utf8.count < b.utf8.count
}

/// The names that a misspelt one may mean, best first.
package func nearNames(_ name: String, among names: some Sequence<String>, most: Int = 3)
  -> [String]
{
  let wanted = name.lowercased()
  guard wanted.utf8.count <= 64 else { return [] }  // a name, not a file's worth of text
  return
    names.map { (name: $0, distance: editDistance(wanted, $0.lowercased())) }
    .filter { near in
      near.distance <= max(2, wanted.count / 3)
        || (wanted.count >= 3 && isBeginning(wanted, of: near.name.lowercased()))
    }
    .sorted { a, b in
      a.distance == b.distance ? naturallyPrecedes(a.name, b.name) : a.distance < b.distance
    }
    .prefix(most).map(\.name)
}

/// `vgg` is a prefix of `vgg16`; a longer word may have one wrong letter: `resnt` matches
/// `resnet50`.
private func isBeginning(_ word: String, of name: String) -> Bool {
  name.hasPrefix(word)
    || word.count >= 5
      && (0...1).contains { editDistance(word, String(name.prefix(word.count + $0))) <= 1 }
}

/// “; did you mean a, b or c?”, or empty if no name is near.
package func suggestion(_ name: String, among names: some Sequence<String>) -> String {
  let near = nearNames(name, among: names)
  guard let last = near.last else { return "" }
  let others = near.dropLast().joined(separator: ", ")
  return "; did you mean \(others.isEmpty ? last : "\(others) or \(last)")?"
}

/// The number of insertions, deletions, replacements and swaps of neighbours between the two.
package func editDistance(_ a: String, _ b: String) -> Int {
  let a = Array(a.utf8), b = Array(b.utf8)
  var before = [Int](), last = Array(0...b.count)
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var best = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
      row.append(best)
    }
    (before, last) = (last, row)
  }
  return last[b.count]
}
