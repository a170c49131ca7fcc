import ZooKit

extension Zoo {
  /// A variant with random weights and the usual preprocessing: where training from nothing begins.
  ///
  /// Where the catalogue has a checkpoint of the variant, pictures are prepared as for that.
  public func untrained(_ name: String, seed: UInt64 = 0) throws -> Model {
    let variant: Variant
    let record: Catalog.Record?
    switch try reference(name) {
    case .record(let found): (variant, record) = (try registry.variant(found.variant), found)
    case .variant(let found): (variant, record) = (found, nil)
    case .file(let path): (variant, record) = (try WeightStore(path).network(in: registry).variant, nil)
    }
    let graph = try variant.graph(normEpsilon: record?.normEpsilon)
    let architecture = variant.architecture
    let checkpoint = Checkpoint(
      family: variant.family, variant: variant.name, task: architecture.task,
      classes: (0..<architecture.classes).map { "class \($0)" }, input: architecture.input,
      preprocessing: record?.preprocessing ?? .usual(for: architecture),
      normEpsilon: record?.normEpsilon, provenance: .init())
    return Model(
      name: name, checkpoint: checkpoint, variant: variant, graph: graph,
      weights: try Weights(randomFor: graph, seed: seed))
  }
}
