import ZooData
import ZooKit
import ZooStore

extension Model {
  /// Pictures to fit confidence to: the named split, or `val`, or those that the model's own training
  /// kept for validation; and the pictures that it learned from, if they are there.
  func unlearned(of data: Dataset, _ name: String?) throws -> (held: Split, learned: Split?) {
    let training = checkpoint.provenance.training
    let train = data["train"] ?? data["all"]
    if name == nil, data["val"] == nil, let train, let training, training.parts.isEmpty,
      let parts = try training.parts(of: train, classes: data.classes, in: self.name)
    {
      return (parts.held, parts.learned)
    }
    let all = Split(name: "val", items: data.splits.flatMap(\.items))
    let held =
      try name.map(data.tested) ?? data["val"] ?? training.flatMap { all.part($0, [.val]) }
    if let held {
      let learned = training.flatMap { all.part($0, [.train, .base]) }
      return (held, learned ?? (train?.name == held.name ? nil : train))
    }
    if let all = data["all"], data.splits.count == 1, training == nil { return (all, nil) }
    throw ZooError.usage(
      "\(data.path) has no validation split; choose pictures that \(self.name) has not learned from "
        + "with --split, among " + data.splits.map(\.name).joined(separator: ", "))
  }
}

extension Split {
  /// The pictures in some parts of a training's data; nil if there are none.
  fileprivate func part(_ training: Checkpoint.Training, _ names: [Checkpoint.Part.Name]) -> Split?
  {
    let known = names.reduce(into: Set<UInt64>()) { $0.formUnion(training.digests(of: $1)) }
    guard !known.isEmpty else { return nil }
    let items = zip(items, digests()).filter { $0.1.map(known.contains) ?? false }.map(\.0)
    return items.isEmpty ? nil : Split(name: name, items: items)
  }
}

extension Checkpoint.Training {
  /// The parts of a training that records no digests, drawn again by its recipe; nil if these are not
  /// its pictures.
  fileprivate func parts(of train: Split, classes: [String], in origin: String) throws
    -> (held: Split, learned: Split)?
  {
    var fields = try Fields(recipe, of: "the recipe", in: origin)
    let options = try Finetuning(&fields)
    let parts = try train.checked().split.divided(
      fraction: options.validation ?? 0.2, seed: UInt64(options.seed))
    let isSame = try parts.rest.fingerprint(classes: classes) == fingerprint
    return isSame ? (parts.part, parts.rest) : nil
  }
}
