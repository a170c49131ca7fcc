import ZooData
import ZooKit
import ZooStore

/// The parts of the data of a run.
struct RunParts {
  /// A part, and what it is called in a record.
  struct Part {
    let split: Split
    let marks: [PictureMark]
    /// “ants-and-bees (49 of 244 pictures, held out)”
    let data: String
  }

  private(set) var train: Part
  /// The pictures that every epoch is judged by.
  private(set) var validation: Part
  /// Those that only the finished model is judged by.
  private(set) var test: Part?
  /// Whether the judged pictures choose the best epoch. Without validation pictures, a fold is judged
  /// after the last epoch only.
  let choosesEpoch: Bool
  private(set) var broken: [Broken] = []
  /// What the user should know about the parts.
  private(set) var remarks: [String] = []
}

extension RunParts {
  /// - Parameters:
  ///   - data: with the network's class numbers.
  ///   - options: of the run.
  ///   - judges: validation pictures that are not part of the data.
  init(of data: Dataset, _ options: Finetuning, _ judges: Dataset?) throws {
    let pool = try Pool(of: data, options)
    let validation: Part?
    var broken = pool.broken
    if let judges {
      let numbered = try judges.numbered(as: data.classes, of: data.path)
      validation = try RunParts.whole(numbered.tested(nil), of: judges.name, &broken)
    } else if options.validation == nil, options.fold == nil, let val = data["val"] {
      validation = try RunParts.whole(val, of: data.name, &broken)
    } else {
      validation = nil
    }
    var rest = pool.split
    var held: Part?
    if let fold = options.fold, let count = options.folds {
      let folds = try rest.folds(count, seed: UInt64(options.seed), keeping: pool.units(of: rest))
      let (inside, outside) = rest.separated { folds[$0] == fold - 1 }
      (rest, held) = (outside, pool.part(inside, "fold \(fold) of \(count)"))
    } else if let share = options.test {
      guard data["test"] == nil else {
        throw ZooError.usage(
          "\(data.path) has a split “test” of its own, which training never uses; leave out “test”")
      }
      // Another key than the validation part's, so that the two choices do not depend on each other.
      let (outside, inside) = try rest.divided(
        fraction: share, seed: Random(seed: UInt64(options.seed)).key("test").bits(0),
        keeping: pool.units(of: rest), as: "test")
      (rest, held) = (outside, pool.part(inside, "kept for testing"))
    }
    choosesEpoch = options.fold == nil || options.validation != nil || judges != nil
    if let validation {
      self.validation = validation
      test = held
    } else if let held, !choosesEpoch {
      self.validation = held
    } else {
      let (outside, inside) = try rest.divided(
        fraction: options.validation ?? 0.2, seed: UInt64(options.seed),
        keeping: pool.units(of: rest))
      rest = outside
      self.validation = pool.part(inside, "held out")
      test = held
    }
    train = pool.part(rest, nil)
    self.broken = broken
    remarks = leaks() + pool.divided(data, among: [train, self.validation, test])
  }

  private static func whole(_ split: Split, of data: String, _ broken: inout [Broken]) throws
    -> Part
  {
    let (usable, alsoBroken, marks) = try split.surveyed()
    broken += alsoBroken
    return Part(
      split: usable, marks: marks, data: split.name == "all" ? data : "\(data)/\(split.name)")
  }

  /// The parts for the record of the checkpoint.
  /// - Parameter base: the training of the weights that the run starts from.
  func recorded(after base: Checkpoint.Training?) -> [Checkpoint.Part] {
    func part(_ name: Checkpoint.Part.Name, _ part: Part) -> Checkpoint.Part {
      Checkpoint.Part(name, of: part.data, digests: part.marks.map(\.digest))
    }
    var parts = [part(.train, train), part(choosesEpoch ? .val : .test, validation)]
    if let test { parts.append(part(.test, test)) }
    if let base, !base.learned.isEmpty {
      parts.append(Checkpoint.Part(.base, of: base.data, digests: base.learned))
    }
    return parts
  }
}

// MARK: What should not be in two parts

extension RunParts {
  private static let mostNamed = 3
  /// The number of pairs that are compared within about ten seconds.
  private static let mostCompared = 1 << 30

  /// A line for each pair of parts that share pictures, and for each that share similar ones.
  private func leaks() -> [String] {
    let held = [("validation", validation)] + (test.map { [("test", $0)] } ?? [])
    var lines: [String] = []
    for (name, part) in held {
      let isFast = train.marks.count <= RunParts.mostCompared / max(1, part.marks.count)
      if !isFast {
        lines.append("too many pictures to look for similar ones; only the same ones are found")
      }
      let pairs = Duplicate.between(train.marks, and: part.marks, looking: isFast)
      for isSame in [true, false] {
        let found = pairs.filter { $0.isSame == isSame }
        guard !found.isEmpty else { continue }
        let named = found.prefix(RunParts.mostNamed).map { pair in
          "\(part.split.items[pair.second].name) \(isSame ? "=" : "~") "
            + train.split.items[pair.first].name
        }
        let (count, are) =
          found.count == 1 ? ("1 picture", "is") : ("\(found.count) pictures", "are")
        lines.append(
          "leak: \(count) of the \(name) part \(are) \(isSame ? "also in" : "almost the same as in") "
            + "the training part, which flatters the figures: \(named.joined(separator: ", "))"
            + (found.count > RunParts.mostNamed ? ", …" : ""))
      }
    }
    return lines
  }

  /// The judged pictures that the starting weights were already fitted to.
  func known(to base: Checkpoint.Training?, _ name: String) -> String? {
    guard let learned = base?.learned, !learned.isEmpty else { return nil }
    let held = validation.marks + (test?.marks ?? [])
    let count = held.count { learned.contains($0.digest) }
    return count == 0
      ? nil
      : "leak: \(name) has already learned from \(count) of the \(held.count) pictures that are held "
        + "out, which flatters the figures"
  }
}

/// The pictures that a run may divide.
private struct Pool {
  let split: Split
  let broken: [Broken]
  private let name: String
  private let marks: [String: PictureMark]
  /// By picture; nil without a rule for groups.
  private let groups: [String: String]?

  init(of data: Dataset, _ options: Finetuning) throws {
    guard let all = data["train"] ?? data["all"] else {
      throw ZooError.corrupt(
        "\(data.path) has no split “train”; it only has "
          + data.splits.map(\.name).joined(separator: ", "))
    }
    groups = try options.groupBy.map(data.groups)
    let survey = try all.surveyed()
    (split, broken, name) = (survey.split, survey.broken, data.name)
    marks = Dictionary(zip(split.items.map(\.name), survey.marks)) { first, _ in first }
  }

  /// What must stay together: a group or, without groups, copies of one file.
  func units(of part: Split) -> [String] {
    let names = part.items.map(\.name)
    if let groups { return names.map { groups[$0] ?? $0 } }
    let digests = part.items.map { item in
      if case .file = item.source, let mark = marks[item.name] {
        "\(mark.digest)"
      } else {
        item.name
      }
    }
    return Set(digests).count > 1 ? digests : names
  }

  func part(_ part: Split, _ why: String?) -> RunParts.Part {
    let marks = part.items.compactMap { self.marks[$0.name] }
    let share = why.map { " (\(part.count) of \(split.count) pictures, \($0))" }
    return .init(split: part, marks: marks, data: name + (share ?? ""))
  }

  /// The groups that the data's own splits divide.
  func divided(_ data: Dataset, among parts: [RunParts.Part?]) -> [String] {
    guard let groups else { return [] }
    var owners: [String: Set<Int>] = [:]
    for (number, part) in parts.enumerated() {
      for item in part?.split.items ?? [] {
        if let group = groups[item.name] { owners[group, default: []].insert(number) }
      }
    }
    let shared = owners.filter { $0.value.count > 1 }.keys.sorted()
    guard let first = shared.first else { return [] }
    return [
      "leak: \(shared.count) groups are in more than one part of \(data.path), such as “\(first)”"
    ]
  }
}

extension Split {
  /// The items for which the condition holds, and the others.
  fileprivate func separated(_ isInside: (Int) -> Bool) -> (inside: Split, outside: Split) {
    func part(_ wanted: Bool, _ name: String) -> Split {
      Split(name: name, items: items.indices.filter { isInside($0) == wanted }.map { items[$0] })
    }
    return (part(true, "test"), part(false, "train"))
  }
}
