import ZooKit
import ZooStore

extension Zoo {
  /// A variant with random weights and the usual preprocessing, for training from scratch.
  ///
  /// The name or file of a checkpoint means its variant, with the checkpoint's picture size.
  public func untrained(_ name: String, seed: UInt64 = 0) throws -> Model {
    let variant: Variant
    let (input, preprocessing, normEpsilon): (Shape, Preprocessing, Double?)
    switch try reference(name) {
    case .record(let record):
      variant = try registry.variant(record.variant)
      (input, preprocessing, normEpsilon) = (
        record.input(of: variant), record.preprocessing, record.normEpsilon
      )
    case .variant(let found):
      variant = found
      let architecture = found.architecture
      (input, preprocessing, normEpsilon) = (
        architecture.input, try .usual(for: architecture), nil
      )
    case .file(let path):
      let found = try WeightStore(ofModel: path).network(in: registry)
      variant = found.variant
      (input, preprocessing, normEpsilon) = (
        found.checkpoint.input, found.checkpoint.preprocessing, found.checkpoint.normEpsilon
      )
    }
    let graph = try variant.graph(input: input, normEpsilon: normEpsilon)
    let architecture = variant.architecture
    let checkpoint = Checkpoint(
      family: variant.family, variant: variant.name, task: architecture.task,
      classes: (0..<architecture.classes).map { "class \($0)" }, input: input,
      preprocessing: preprocessing, normEpsilon: normEpsilon, provenance: .init())
    return Model(
      name: name, checkpoint: checkpoint, variant: variant, graph: graph,
      weights: try architecture.task.definition.randomWeights(for: architecture, graph, seed: seed))
  }
}

extension Zoo {
  /// The initial model for fine-tuning: the model of that name. If there are no weights for the
  /// variant, or a backbone is named, and the variant is built on another family's features, it has
  /// that family's weights, and random ones elsewhere.
  ///
  /// The record's `random` then lists the untrained tensors.
  /// - Parameters:
  ///   - name: a checkpoint, a variant, or a checkpoint file.
  ///   - backbone: the other family's checkpoint; nil means the default one.
  ///   - seed: the seed of random initialisation.
  public func beginning(_ name: String, backbone: String? = nil, seed: UInt64 = 0) throws -> Model {
    func whole() throws -> Model {
      guard let backbone else { return try model(name) }
      throw ZooError.usage(
        "\(name) builds on no other family, or is trained already; it cannot take its backbone "
          + "from “\(backbone)”")
    }
    let variant: Variant
    switch try reference(name) {
    case .variant(let found): variant = found
    // Naming other features excludes the variant's own checkpoint.
    case .record(let record) where backbone != nil && record.variant == name:
      variant = try registry.variant(name)
    case .record, .file: return try whole()
    }
    let fresh = try untrained(name, seed: seed)
    guard !fresh.graph.borrowed.isEmpty else { return try whole() }
    var weights = fresh.weights
    var trained: Set<String> = []
    for loan in fresh.graph.borrowed {
      let lender = try model(backbone ?? loan.variant)
      guard lender.variant.name == loan.variant else {
        throw ZooError.usage(
          "\(variant.name) builds on \(loan.variant), but \(lender.name) is a \(lender.variant.name)"
        )
      }
      for (name, tensor) in lender.weights {
        let own = loan.prefix + name
        guard let place = weights[own] else { continue }
        guard place.shape == tensor.shape else {
          throw ZooError.corrupt(
            "\(variant.name): \(own) is \(place.shape), \(tensor.shape) in \(lender.name)")
        }
        weights[own] = tensor
        trained.insert(own)
      }
    }
    var checkpoint = fresh.checkpoint
    checkpoint.random = weights.names.filter { !trained.contains($0) }
    return Model(
      name: name, checkpoint: checkpoint, variant: variant, graph: fresh.graph, weights: weights)
  }
}
