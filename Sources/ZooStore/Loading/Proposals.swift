import ZooKit

/// Searches for renames from a file's names to a network's.
struct Proposals {
  struct Tensor {
    let name: String
    let fits: (Parameter) -> Bool
  }

  /// The effect of a rule: the parameter of each tensor, and how many of the tensors fit.
  private struct Rule {
    let rename: Rename
    let moves: [Int: Int]
    let fitting: Set<Int>
  }

  let tensors: [Tensor]
  let parameters: [Parameter]
  /// The parameter at the same place as a tensor; see ``Pairing``.
  let partners: [Int: Int]
  /// The matched tensors and their parameters.
  let settled: [(tensor: String, parameter: String)]
  /// Parameters that already have a tensor.
  let filled: Set<String>
  /// The shared prefix of all names in the file, without the last dot.
  let shared: [String]

  /// A file may contain any number of names, but hints must not take long.
  static let most = 400
  static let candidates = 1000
  static let rules = 64

  func best(of pairs: [(String, String)]) -> [Rename] {
    let rules = candidates(pairs)
    var chosen: [Rename] = []
    var (left, open) = (Set(tensors.indices), Set(parameters.indices))
    /// The number of tensors that it matches with a fitting parameter; those at the same place
    /// count twice. Zero if it would assign a second tensor to a parameter.
    func gain(_ rule: Rule) -> Int {
      guard rule.moves.allSatisfy({ !left.contains($0.key) || open.contains($0.value) }) else {
        return 0
      }
      return rule.moves.reduce(0) { gain, move in
        guard left.contains(move.key), rule.fitting.contains(move.key) else { return gain }
        return gain + (partners[move.key] == move.value ? 2 : 1)
      }
    }
    func choose(among rules: [Rule]) -> Bool {
      let ranked = rules.map { (rule: $0, gain: gain($0)) }.filter { $0.gain > 0 }
      let best = ranked.max { a, b in
        (a.gain, b.rule.rename.length) < (b.gain, a.rule.rename.length)
      }
      guard let rule = best?.rule else { return false }
      chosen.append(rule.rename)
      for (tensor, parameter) in rule.moves where left.contains(tensor) {
        left.remove(tensor)
        open.remove(parameter)
      }
      return true
    }
    _ = choose(among: rules.filter { $0.rename.to.isEmpty && shared.contains($0.rename.from) })
    while chosen.count < Proposals.rules, choose(among: rules) {}
    return chosen
  }

  private func candidates(_ pairs: [(String, String)]) -> [Rule] {
    let places = Dictionary(
      parameters.indices.map { (parameters[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
    var seen: Set<Rename> = []
    var rules: [Rule] = []
    func add(_ from: String, _ to: String) {
      guard seen.count < Proposals.candidates, let rename = try? Rename(from: from, to: to),
        seen.insert(rename).inserted, let rule = rule(rename, places)
      else { return }
      rules.append(rule)
    }
    for prefix in shared + commonPrefixes where prefix.utf8.count <= 200 { add(prefix, "") }
    for (from, to) in pairs
    where from.utf8.count <= 200 && to.utf8.count <= 200 && places[to] != nil {
      for (from, to) in Proposals.patterns(from, to) { add(from, to) }
    }
    return rules
  }

  /// Prefixes that at least a quarter of the names have, the most common first.
  private var commonPrefixes: [String] {
    var counts: [String: Int] = [:]
    for tensor in tensors {
      let words = tensor.name.split(separator: ".")
      for count in 1..<max(1, min(words.count, 5)) {
        counts[words.prefix(count).joined(separator: "."), default: 0] += 1
      }
    }
    return counts.filter { 4 * $0.value >= tensors.count }
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
  }

  /// Nil if the rule matches nothing, assigns a wrong shape or two tensors to one parameter, or
  /// breaks an existing match. A rule that only drops a prefix may give a few wrong shapes, such as
  /// those of a head for other classes.
  private func rule(_ rename: Rename, _ places: [String: Int]) -> Rule? {
    var moves: [Int: Int] = [:]
    var fitting: Set<Int> = []
    var taken: Set<Int> = []
    for (index, tensor) in tensors.enumerated() {
      guard let name = rename.applied(to: tensor.name) else { continue }
      if filled.contains(name) { return nil }
      guard let place = places[name] else { continue }
      guard taken.insert(place).inserted else { return nil }
      moves[index] = place
      if tensor.fits(parameters[place]) { fitting.insert(index) }
    }
    let unfit = moves.count - fitting.count
    guard unfit == 0 || rename.to.isEmpty && 4 * unfit <= fitting.count, !fitting.isEmpty else {
      return nil
    }
    for (tensor, parameter) in settled {
      guard let name = rename.applied(to: tensor), name != parameter else { continue }
      if places[name] != nil || filled.contains(name) { return nil }
    }
    return Rule(rename: rename, moves: moves, fitting: fitting)
  }
}

extension Proposals {
  /// `encoder.block3.conv_a.weight` and `block3.conv1.weight` differ in `encoder.block3.conv_a` and
  /// `block3.conv1`; with stars that is `encoder.block*.conv_a` and `block*.conv1`.
  static func patterns(_ from: String, _ to: String) -> [(String, String)] {
    func words(_ name: String) -> [Substring] {
      name.split(separator: ".", omittingEmptySubsequences: false)
    }
    var (a, b) = (words(from), words(to))
    while let last = a.last, last == b.last {
      a.removeLast()
      b.removeLast()
    }
    func joined(_ words: [String]) -> String { words.joined(separator: ".") }
    let plain = (a.map(String.init), b.map(String.init))
    var patterns = [(joined(plain.0), joined(plain.1))]
    // Only the words in the middle differ; the equal words before them are context.
    let start = zip(plain.0, plain.1).prefix { $0 == $1 }.count
    if start > 0 {
      let rest = (Array(plain.0.dropFirst(start)), Array(plain.1.dropFirst(start)))
      let stars = Array(repeating: "*", count: start)
      patterns.append((joined(stars + rest.0), joined(stars + rest.1)))
    }
    // Equal numbers on both sides become stars. Other numbers, before or after them, may belong to
    // one of the names alone: the 1 of `layer3.0.first` and `layer3.0.conv1`.
    let numbers = (plain.0.flatMap(digits), plain.1.flatMap(digits))
    let same = zip(numbers.0, numbers.1).prefix { $0 == $1 }.count
    for count in stride(from: same, to: 0, by: -1) {
      patterns.append((starred(plain.0, first: count), starred(plain.1, first: count)))
    }
    let sameAtEnd = zip(numbers.0.reversed(), numbers.1.reversed()).prefix { $0 == $1 }.count
    for count in stride(from: sameAtEnd, to: 0, by: -1)
    where count < max(numbers.0.count, numbers.1.count) {
      patterns.append((starred(plain.0, last: count), starred(plain.1, last: count)))
    }
    if start > 0 {
      let head = plain.0.prefix(start).map(starred)
      let (left, right) = (plain.0.dropFirst(start), plain.1.dropFirst(start))
      patterns.append((joined(head + left), joined(head + right)))
      if left.flatMap(digits) == right.flatMap(digits) {
        patterns.append((joined(head + left.map(starred)), joined(head + right.map(starred))))
        let stars = Array(repeating: "*", count: start)
        patterns.append((joined(stars + left.map(starred)), joined(stars + right.map(starred))))
      }
    }
    return patterns
  }

  private static func digits(_ word: String) -> [String] {
    word.split { !$0.isASCII || !$0.isNumber }.map(String.init)
  }

  /// `block12` as `block*`.
  private static func starred(_ word: String) -> String { starred([word]) }

  /// Replaces this many numbers by stars, counted from either end; by default all.
  private static func starred(
    _ words: [String], first: Int = .max, last: Int = .max
  ) -> String {
    let count = words.flatMap(digits).count
    let range = max(0, count - last)..<min(count, first)
    var text = ""
    var (number, isInNumber) = (-1, false)
    for character in words.joined(separator: ".") {
      let isDigit = character.isASCII && character.isNumber
      if isDigit, !isInNumber {
        number += 1
        if range.contains(number) { text.append("*") }
      }
      if !isDigit || !range.contains(number) { text.append(character) }
      isInNumber = isDigit
    }
    return text
  }
}

extension Rename {
  fileprivate var length: Int { from.utf8.count + to.utf8.count }
}
