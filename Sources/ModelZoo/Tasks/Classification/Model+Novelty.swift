import ZooData
import ZooKit
import ZooMetrics
import ZooStore

extension Model {
  /// The number of pictures that a distance is fitted to.
  private static let mostKnown = 2000

  /// The distance from which a picture is unlike all that the model knows. It is fitted to pictures
  /// that the model has learned from, and the threshold is chosen on those of the exam; without the
  /// former, each takes half of the exam's. Nil if the network has no features separate from its
  /// head.
  func novelty(of exam: Exam, known: Split?, falseAlarms: Double) throws -> Checkpoint.Novelty? {
    guard let node = graph.lastFeatures.map({ graph.operations[$0].name }) else { return nil }
    let count = exam.split.count
    let halves = (0..<2).map { half in
      stride(from: half, to: count, by: 2).map { exam.split.items[$0] }
    }
    let judged = known == nil ? Split(name: exam.split.name, items: halves[1]) : exam.split
    let learned = try (known ?? Split(name: exam.split.name, items: halves[0]))
      .some(Model.mostKnown).checked().split
    guard learned.count > 1, judged.count > 0 else {
      throw ZooError.corrupt("\(exam.data) has too few pictures to tell others from them")
    }
    func features(_ split: Split) throws -> Tensor {
      try pooledFeatures(
        of: split, classes: exam.classes.count, at: node, engine: exam.how.engine,
        batch: exam.how.batch)
    }
    let labels = learned.items.map {
      if case .label(let index) = $0.annotation { index } else { 0 }
    }
    let distance = try FeatureDistance(of: features(learned), labels: labels)
    let found = try features(judged)
    let width = found.count / max(1, judged.count)
    let distances = try found.withValues { values in
      try (0..<judged.count).map { try distance(to: values[$0 * width..<($0 + 1) * width]) }
    }
    return .init(
      node: node, threshold: FeatureDistance.threshold(distances, falseAlarms: falseAlarms),
      falseAlarms: falseAlarms, pictures: learned.count,
      arrays: .init(whitening: distance.whitening, means: distance.means))
  }
}

extension Split {
  /// At most so many of the pictures, chosen by their names.
  fileprivate func some(_ most: Int) -> Split {
    guard count > most else { return self }
    let random = Random(seed: 0).key("known")
    let chosen = items.indices.sorted {
      (random.key(items[$0].name).bits(0), $0) < (random.key(items[$1].name).bits(0), $1)
    }.prefix(most)
    return Split(name: name, items: chosen.sorted().map { items[$0] })
  }
}
