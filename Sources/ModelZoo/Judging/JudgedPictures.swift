import ZooData
import ZooKit
import ZooStore

/// The pictures on which models are judged: of a split, those that none of them has learned from.
///
/// A model that was trained here records the digests of its pictures, so they are recognised in
/// another folder and under other names.
public struct JudgedPictures: Sendable {
  /// The data with these pictures as its only split.
  public let data: Dataset
  /// Judged pictures that a training has seen but held out.
  public let heldOut: Int
  /// Whether some of them chose the best epoch.
  public let choseEpoch: Bool
  /// Pictures that a model has learned from: left out, or judged if that was wanted.
  public let learned: Int
  /// Pictures that chose the best epoch and are left out, because others are kept for testing.
  public let choosing: Int
  public let includesLearned: Bool
  /// Whether a model records its pictures.
  public let isKnown: Bool

  public var count: Int { data.splits[0].count }
  /// Pictures that no training has seen.
  public var new: Int { count - heldOut - (includesLearned ? learned : 0) }
  public var leftOut: Int { choosing + (includesLearned ? 0 : learned) }

  /// - Parameters:
  ///   - data: the data.
  ///   - split: one of its splits, or a part of the data of a training: `val` also names the
  ///     pictures that a run drew from a folder without splits. Nil means the split for testing.
  ///   - models: the models.
  ///   - includingLearned: whether to judge by everything.
  /// - Throws: if the data does not fit a model, or a model has learned from all of it.
  public init(
    of data: Dataset, split: String? = nil, for models: [Model], includingLearned: Bool = false
  ) throws {
    for model in models { _ = try model.numbered(data) }
    let trainings = models.compactMap(\.checkpoint.provenance.training).filter {
      !$0.parts.isEmpty
    }
    isKnown = !trainings.isEmpty
    includesLearned = includingLearned
    func all(_ part: Checkpoint.Part.Name) -> Set<UInt64> {
      trainings.reduce(into: []) { $0.formUnion($1.digests(of: part)) }
    }
    var part = try JudgedPictures.recorded(split, of: data, in: trainings) ?? data.tested(split)
    let digests: [UInt64?] = isKnown ? part.digests() : part.items.map { _ in nil }
    let (learned, chosen, tested) = (all(.train).union(all(.base)), all(.val), all(.test))
    func isIn(_ set: Set<UInt64>) -> [Bool] {
      digests.map { $0.map(set.contains) ?? false }
    }
    let (isLearned, isChoosing, isTest) = (isIn(learned), isIn(chosen), isIn(tested))
    let hasTest = split == nil && isTest.contains(true)
    let kept = part.items.indices.filter { index in
      includingLearned || !isLearned[index] && !(hasTest && isChoosing[index])
    }
    self.learned = isLearned.count { $0 }
    choosing = part.items.count - kept.count - (includingLearned ? 0 : self.learned)
    heldOut = kept.count { !isLearned[$0] && (isChoosing[$0] || isTest[$0]) }
    choseEpoch = kept.contains { isChoosing[$0] && !isLearned[$0] && !isTest[$0] }
    guard !kept.isEmpty else {
      let names = models.map(\.name).joined(separator: " or ")
      throw ZooError.corrupt(
        "\(names) learned from all \(part.count) pictures of \(data.path), split “\(part.name)”; "
          + "--include-learned judges by them anyway")
    }
    if kept.count < part.count {
      part = Split(name: part.name, items: kept.map { part.items[$0] })
    }
    self.data = try data.keeping(part)
  }

  /// The pictures of a part of the data of a training, if the data has no split of that name.
  private static func recorded(
    _ name: String?, of data: Dataset, in trainings: [Checkpoint.Training]
  ) throws -> Split? {
    guard let name, data[name] == nil, let part = Checkpoint.Part.Name(rawValue: name) else {
      return nil
    }
    let digests = trainings.reduce(into: Set()) { $0.formUnion($1.digests(of: part)) }
    guard !digests.isEmpty else { return nil }
    let all = Split(name: name, items: data.splits.flatMap(\.items))
    let items = zip(all.items, all.digests()).filter { $0.1.map(digests.contains) ?? false }
    return items.isEmpty ? nil : Split(name: name, items: items.map(\.0))
  }
}

extension JudgedPictures {
  /// What a reader of the figures must know, in a line; nil if nothing.
  /// - Parameter name: the models, for the sentence.
  public func remark(about name: String) -> String? {
    if includesLearned {
      return learned == 0
        ? nil
        : "\(name) learned from \(learned) of these \(count) pictures: the figures say little "
          + "about others"
    }
    guard leftOut > 0 || new < count else { return nil }
    if leftOut == 0, new == 0 {
      return choseEpoch ? "these \(count) pictures also chose the epoch of \(name)" : nil
    }
    let parts = [(heldOut, "held out"), (new, "new")].filter { $0.0 > 0 }
    var text =
      "judged by \(count) of \(count + leftOut) pictures: "
      + parts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    let left = [(learned, "that \(name) learned from"), (choosing, "that chose its epoch")]
      .filter { $0.0 > 0 }
    if !left.isEmpty {
      text +=
        "; left out: " + left.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        + " (--include-learned judges by all)"
    }
    return text + (choseEpoch ? "; the pictures held out also chose the epoch" : "")
  }

  public var json: JSON {
    [
      "heldOut": JSON(heldOut), "new": JSON(new), "learned": JSON(includesLearned ? learned : 0),
      "leftOut": JSON(leftOut), "choseEpoch": JSON(choseEpoch),
    ]
  }
}
