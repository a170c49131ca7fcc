import ZooData
import ZooEngine
import ZooKit
import ZooStore

/// A label that is probably wrong, because a classifier that has not seen the picture is confident of
/// another.
public struct SuspectLabel: Sendable {
  public let picture: String
  public let label: String
  /// The probability of the label and of the likelier class.
  public let confidence: Double
  public let likely: String
  public let likelyConfidence: Double
}

extension Model {
  /// The labels that are probably wrong, the surest first.
  ///
  /// A linear head on this network's frozen features is fitted to four fifths of the pictures and
  /// judges the last fifth, five times. A label is suspect if another class is likeliest, with at
  /// least the mean probability that pictures of that class get for it: confident learning (Northcutt,
  /// Jiang and Chuang 2021, arXiv:1911.00068). Pictures that look the same are in the same fifth, since
  /// a copy of a picture would confirm its wrong label.
  /// - Parameters:
  ///   - data: pictures with one class each.
  ///   - duplicates: the pairs of a survey, by name.
  ///   - seed: decides which fifth a picture is in.
  ///   - engine: the engine.
  ///   - progress: called with the number of finished pictures and their total.
  public func suspectLabels(
    in data: Dataset, duplicates: [DatasetSurvey.Pair] = [], seed: UInt64 = 0,
    engine: EngineChoice = .auto, progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> [SuspectLabel] {
    guard data.task == .classification, data.classes.count > 1 else {
      throw ZooError.usage("\(data.path) has no pictures of several classes to compare")
    }
    let features = try features(of: data, engine: engine, progress: progress)
    guard features.labels.count == features.names.count, !features.labels.contains(-1) else {
      throw ZooError.usage("\(data.path) has pictures with several classes, or with none")
    }
    let probabilities = try crossValidated(
      features.values, features.labels, classes: data.classes.count,
      folds: folds(of: features, duplicates, seed: seed))
    return suspects(probabilities, features)
  }

  private static let folds = 5

  /// The fold of each picture: each class is spread evenly, and duplicates stay together.
  private func folds(of features: Features, _ duplicates: [DatasetSurvey.Pair], seed: UInt64)
    -> [Int]
  {
    let heads = Model.heads(of: features, duplicates)
    let random = Random(seed: seed).key("suspects")
    var next = [Int](repeating: 0, count: features.classes.count)
    var folds = [Int](repeating: 0, count: features.names.count)
    let order = features.names.indices.map { (random.key(features.names[$0]).bits(0), $0) }.sorted {
      $0 < $1
    }
    for (_, index) in order where heads[index] == index {
      folds[index] = next[features.labels[index]] % Model.folds
      next[features.labels[index]] += 1
    }
    return folds.indices.map { folds[heads[$0]] }
  }

  /// The first picture of the group of duplicates that each picture is in.
  ///
  /// Where all pictures of a class look alike, as on a conveyor belt, they would be one group, and
  /// then no fold could learn the class. In a group larger than a fold's share of its class, only equal
  /// bytes keep pictures together.
  private static func heads(of features: Features, _ duplicates: [DatasetSurvey.Pair]) -> [Int] {
    let places = Dictionary(
      features.names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let pairs = duplicates.compactMap { pair in
      places[pair.first].flatMap { first in
        places[pair.second].map { (first: first, second: $0, isSame: pair.isSame) }
      }
    }
    func joined(_ pairs: [(first: Int, second: Int, isSame: Bool)]) -> [Int] {
      var heads = Array(features.names.indices)
      func head(_ index: Int) -> Int {
        var index = index
        while heads[index] != index { index = heads[index] }
        return index
      }
      for pair in pairs {
        let (a, b) = (head(pair.first), head(pair.second))
        heads[max(a, b)] = min(a, b)
      }
      return heads.indices.map(head)
    }
    func counts(_ numbers: [Int]) -> [Int: Int] {
      Dictionary(numbers.map { ($0, 1) }, uniquingKeysWith: +)
    }
    let all = joined(pairs)
    let (sizes, classes) = (counts(all), counts(features.labels))
    return joined(
      pairs.filter { pair in
        let share = classes[features.labels[pair.first], default: 0] / folds
        return pair.isSame || sizes[all[pair.first], default: 0] <= max(2, share)
      })
  }

  private func crossValidated(_ values: Tensor, _ labels: [Int], classes: Int, folds: [Int]) throws
    -> [[Double]]
  {
    var found = [[Double]](repeating: [], count: labels.count)
    for fold in 0..<Model.folds {
      let (train, test) = (
        labels.indices.filter { folds[$0] != fold }, labels.indices.filter { folds[$0] == fold }
      )
      guard !train.isEmpty, !test.isEmpty else { continue }
      let head = try LogisticHead(values, labels, of: train, classes: classes)
      for (index, row) in zip(test, try head.probabilities(values, of: test)) { found[index] = row }
    }
    return found
  }

  private func suspects(_ probabilities: [[Double]], _ features: Features) -> [SuspectLabel] {
    let labels = features.labels
    let thresholds = features.classes.indices.map { index -> Double in
      let own = labels.indices.filter { labels[$0] == index && !probabilities[$0].isEmpty }
      guard !own.isEmpty else { return 1 }
      return own.reduce(0) { $0 + probabilities[$1][index] } / Double(own.count)
    }
    let found = labels.indices.compactMap { index -> SuspectLabel? in
      let row = probabilities[index]
      guard let best = row.indices.max(by: { row[$0] < row[$1] }), best != labels[index],
        row[best] >= thresholds[best]
      else { return nil }
      return SuspectLabel(
        picture: features.names[index], label: features.classes[labels[index]],
        confidence: row[labels[index]], likely: features.classes[best], likelyConfidence: row[best])
    }
    return found.sorted {
      ($1.likelyConfidence - $1.confidence, $0.picture)
        < ($0.likelyConfidence - $0.confidence, $1.picture)
    }
  }
}
