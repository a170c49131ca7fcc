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
    let nodes = graph.compared.map { graph.operations[$0].name }
    guard !nodes.isEmpty else { return nil }
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
    func features(_ split: Split) throws -> [Tensor] {
      try pooledFeatures(
        of: split, classes: exam.classes.count, at: nodes, engine: exam.how.engine,
        batch: exam.how.batch)
    }
    let labels = learned.items.map {
      if case .label(let index) = $0.annotation { index } else { 0 }
    }
    let distance = try FeatureDistance(of: features(learned), labels: labels)
    let found = try features(judged)
    let distances = try (0..<judged.count).map { index in
      try distance(to: found.map { $0.row(index) })
    }
    return .init(
      nodes: nodes, threshold: FeatureDistance.threshold(distances, falseAlarms: falseAlarms),
      falseAlarms: falseAlarms, pictures: learned.count,
      arrays: .init(whitening: distance.whitening, means: distance.means))
  }
}

extension Graph {
  /// The operations whose maps tell known pictures from others: the last one of the first size below
  /// the picture's, where textures differ, and the last one before the head, where objects do.
  fileprivate var compared: [Int] {
    guard let last = lastFeatures else { return [] }
    func area(_ index: Int) -> Int {
      let shape = operations[index].shape
      return shape.rank == 3 ? shape.height * shape.width : 0
    }
    let maps = self.operations(in: Stage.backbone).filter { area($0) > 0 }
    let smaller = maps.first { area($0) < area(inputs[0].operation) }
    let early = maps.last { area($0) == smaller.map(area) }
    return Set([early, last].compactMap(\.self)).sorted()
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
