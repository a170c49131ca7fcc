import ZooData
import ZooEngine
import ZooKit
import ZooStore

extension Model {
  /// The largest number of batches that statistics are computed from.
  private static let mostBatches = 200

  /// The mean of the weights of models of the same network and classes: the end points of several
  /// runs from one start often lie in one valley, whose middle is better than its sides (Izmailov et
  /// al. 2018; Wortsman et al. 2022).
  ///
  /// The statistics of batch norms belong to the weights of one model. With `data` they are computed
  /// again; without, they are averaged too, which only serves models that are close together.
  /// - Parameters:
  ///   - models: at least two.
  ///   - data: pictures like those of the training.
  ///   - engine: the engine.
  ///   - batch: the number of pictures per batch.
  public static func averaged(
    _ models: [Model], data: Dataset? = nil, engine: EngineChoice = .auto, batch: Int = 32
  ) throws -> Model {
    guard let first = models.first, models.count > 1 else {
      throw ZooError.usage("an average needs at least two models")
    }
    for other in models.dropFirst() { try first.checkSameNetwork(as: other) }
    var weights = Weights()
    let share = 1 / Double(models.count)
    for (name, tensor) in first.weights {
      let others = models.compactMap { $0.weights[name]?.values }
      weights[name] = try Tensor(tensor.shape) { mean in
        for index in mean.indices {
          let sum = others.reduce(0.0) { $0 + Double($1[index]) }
          mean.initializeElement(at: index, to: Float(share * sum))
        }
      }
    }
    var checkpoint = first.checkpoint
    checkpoint.metrics = []
    (checkpoint.confidence, checkpoint.novelty) = (nil, nil)
    checkpoint.provenance.name = nil
    // The mean has learned from the pictures of all of them.
    for other in models.dropFirst() {
      guard let theirs = other.checkpoint.provenance.training else { continue }
      let mine = checkpoint.provenance.training?.learned ?? []
      let more = theirs.learned.subtracting(mine)
      guard !more.isEmpty else { continue }
      checkpoint.provenance.training?.parts.append(.init(.base, of: theirs.data, digests: more))
    }
    if models.contains(where: { $0.checkpoint.license != checkpoint.license }) {
      checkpoint.license = "unknown"
    }
    let averaged = Model(
      name: models.map(\.name).joined(separator: "+"), checkpoint: checkpoint,
      variant: first.variant, graph: first.graph, weights: weights)
    guard let data, averaged.hasStatistics else { return averaged }
    let split = try (data["train"] ?? data["all"] ?? data.splits[0]).checked().split
    return try averaged.normalized(
      on: split, classes: data.classes.count, of: data.path, engine: engine, batch: batch)
  }

  /// Whether the network has norms with statistics of their training.
  public var hasStatistics: Bool { graph.parameters.contains { $0.role == .variance } }

  private func checkSameNetwork(as other: Model) throws {
    let (mine, theirs) = (checkpoint, other.checkpoint)
    func differ(_ what: String, _ a: String, _ b: String) -> ZooError {
      .corrupt("\(name) has \(what) \(a), \(other.name) has \(b); only the same can be averaged")
    }
    if variant.name != other.variant.name {
      throw differ("the network", variant.name, other.variant.name)
    }
    if mine.classes != theirs.classes {
      throw differ(
        "the classes", mine.classes.prefix(8).joined(separator: ", "),
        theirs.classes.prefix(8).joined(separator: ", "))
    }
    let (own, others) = (mine.preprocessing.json.text(), theirs.preprocessing.json.text())
    if own != others { throw differ("the preprocessing", own, others) }
    for (name, tensor) in weights where other.weights[name]?.shape != tensor.shape {
      let found = other.weights[name].map { "\($0.shape)" } ?? "none"
      throw differ(name, "\(tensor.shape)", found)
    }
  }

  /// With the statistics of norms that these pictures give, by forward passes as in training.
  /// - Parameter freezing: norms that keep their statistics.
  func normalized(
    on split: Split, classes: Int, of path: String, freezing: TrainingPlan.Options = .init(),
    engine: EngineChoice, batch: Int
  ) throws -> Model {
    let task = try checkpoint.task.definition
    guard graph.inputs.count == 1, split.count > 1 else {
      throw ZooError.usage(
        "the statistics of \(variant.name) cannot be computed from \(path); leave out the data"
      )
    }
    var preprocessing = checkpoint.preprocessing
    var augmentation = AugmentationPlan([])
    task.fit(&preprocessing, &augmentation, to: checkpoint.input)
    let size = min(batch, split.count)
    let loader = Loader(
      split, classes: classes, preprocessing: preprocessing, augmentation: augmentation,
      batchSize: size, dropsLast: true)
    var options = freezing
    options.noise = false
    let plan = try TrainingPlan(graph, weights, batch: size, options: options, engine: engine)
    let input = graph.inputs[0].name
    // A few pictures are repeated, so that statistics forget the averaged ones.
    for number in 0..<max(40, min(loader.batchCount, Model.mostBatches)) {
      let (epoch, index) = number.quotientAndRemainder(dividingBy: max(1, loader.batchCount))
      let pictures = try loader.batch(index, epoch: epoch)
      guard pictures.broken.isEmpty else { continue }
      try plan.forward([input: pictures.input])
    }
    return Model(
      name: name, checkpoint: checkpoint, variant: variant, graph: graph,
      weights: try plan.weights)
  }
}
