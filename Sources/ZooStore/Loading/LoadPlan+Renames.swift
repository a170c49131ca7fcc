import ZooKit

extension LoadPlan {
  /// Rules that would bring tensors without a place to parameters without a tensor, ready for the
  /// catalogue; those that bring most come first. They take nothing from what fits already.
  ///
  /// Each pair of a tensor and a parameter that are near each other in name, or at the same place
  /// in either list, suggests a few rules: what differs between their names, as it is and with stars
  /// in the place of numbers and of equal words. A rule is judged by all that it does, not by
  /// the pair that it came from.
  public func proposedRenames() throws -> [Rename] {
    let prefix = LoadPlan.wrapperPrefix(of: source.tensors)
    let left = unexpected.prefix(Proposals.most).map(\.source)
    let absent = missing.prefix(Proposals.most).map(\.parameter)
    guard !left.isEmpty, !absent.isEmpty else { return [] }
    func name(_ tensor: TensorInfo) -> String { String(tensor.name.dropFirst(prefix.count)) }

    let proposals = Proposals(
      tensors: left.map { tensor in
        .init(name: name(tensor), fits: { fits(tensor, $0) })
      },
      parameters: absent, settled: matched.prefix(Proposals.most).map { name($0.source) })
    let byName = Dictionary(
      absent.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var pairs = zip(unexpected.prefix(Proposals.most), left).compactMap { item, tensor in
      item.near.map { (name(tensor), $0) }
    }
    pairs += missing.prefix(Proposals.most).compactMap { item in
      item.near.map { (String($0.dropFirst(prefix.count)), item.parameter.name) }
    }
    // A port in the order of the original, whatever its names.
    let orderly = left.filter { tensor in absent.contains { fits(tensor, $0) } }
    if orderly.count == absent.count,
      zip(orderly, absent).allSatisfy({ fits($0, $1) })
    {
      pairs += zip(orderly, absent).map { (name($0), $1.name) }
    }
    return try proposals.best(of: pairs.filter { byName[$0.1] != nil })
  }

  private func fits(_ tensor: TensorInfo, _ parameter: Parameter) -> Bool {
    tensor.type.isFloat
      && (changes[parameter.name] ?? .none).shape(from: tensor.shape) == parameter.shape
  }
}

/// The search for rules.
private struct Proposals {
  struct Tensor {
    let name: String
    let fits: (Parameter) -> Bool
  }

  let tensors: [Tensor]
  let parameters: [Parameter]
  /// Tensors that have their place.
  let settled: [String]

  /// A file may bring any number of names; hints are worth only so much time.
  static let most = 400
  static let candidates = 200
  static let rules = 24

  func best(of pairs: [(String, String)]) throws -> [Rename] {
    var seen: Set<Rename> = []
    var rules: [(rename: Rename, moves: [Int: Int])] = []
    let places = Dictionary(
      parameters.indices.map { (parameters[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
    for (from, to) in pairs where from.utf8.count <= 200 && to.utf8.count <= 200 {
      for (from, to) in Proposals.patterns(from, to) {
        guard seen.count < Proposals.candidates, let rename = try? Rename(from: from, to: to),
          seen.insert(rename).inserted, let moves = moves(of: rename, places)
        else { continue }
        rules.append((rename, moves))
      }
    }
    var chosen: [Rename] = []
    var (left, open) = (Set(tensors.indices), Set(parameters.indices))
    while chosen.count < Proposals.rules {
      func gain(_ moves: [Int: Int]) -> Int {
        moves.count { left.contains($0.key) && open.contains($0.value) }
      }
      let ranked = rules.map { (rename: $0.rename, moves: $0.moves, gain: gain($0.moves)) }
      guard
        let first = ranked.filter({ $0.gain > 0 }).max(by: { a, b in
          (a.gain, b.rename.length) < (b.gain, a.rename.length)
        })
      else { break }
      chosen.append(first.rename)
      for (tensor, parameter) in first.moves where open.contains(parameter) {
        left.remove(tensor)
        open.remove(parameter)
      }
    }
    return chosen
  }

  /// Which parameter each tensor would come to; nil where the rule brings one to the wrong shape, two
  /// to one, or disturbs what fits.
  private func moves(of rename: Rename, _ places: [String: Int]) -> [Int: Int]? {
    var moves: [Int: Int] = [:]
    var taken: Set<Int> = []
    for (index, tensor) in tensors.enumerated() {
      guard let name = rename.applied(to: tensor.name), let place = places[name] else { continue }
      guard tensor.fits(parameters[place]), taken.insert(place).inserted else { return nil }
      moves[index] = place
    }
    for name in settled {
      if let other = rename.applied(to: name), places[other] != nil { return nil }
    }
    return moves.isEmpty ? nil : moves
  }

  /// `encoder.block3.conv_a.weight` and `block3.conv1.weight` differ in `encoder.block3.conv_a` and
  /// `block3.conv1`; with stars that is `encoder.block*.conv_a` and `block*.conv1`.
  private static func patterns(_ from: String, _ to: String) -> [(String, String)] {
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
    // Only the words in the middle differ: what is equal before them says where.
    let start = zip(plain.0, plain.1).prefix { $0 == $1 }.count
    if start > 0 {
      let rest = (Array(plain.0.dropFirst(start)), Array(plain.1.dropFirst(start)))
      let stars = Array(repeating: "*", count: start)
      patterns.append((joined(stars + rest.0), joined(stars + rest.1)))
    }
    // Numbers that stand on both sides in the same order may be any. Further on, or before them, one
    // of the names may have numbers of its own: the 1 of `layer3.0.first` and `layer3.0.conv1`.
    let numbers = (plain.0.flatMap(digits), plain.1.flatMap(digits))
    let same = zip(numbers.0, numbers.1).prefix { $0 == $1 }.count
    let sameAtEnd = zip(numbers.0.reversed(), numbers.1.reversed()).prefix { $0 == $1 }.count
    if same > 0 {
      patterns.append((starred(plain.0, first: same), starred(plain.1, first: same)))
    }
    if sameAtEnd > 0, same < min(numbers.0.count, numbers.1.count) {
      patterns.append((starred(plain.0, last: sameAtEnd), starred(plain.1, last: sameAtEnd)))
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

  /// Stars in the place of so many numbers, counted from either end; of all where nothing is said.
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
