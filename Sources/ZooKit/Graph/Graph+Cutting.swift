extension Graph {
  /// The graph in two: the first computes the named values, the second continues from them. In the
  /// second, inputs of those names replace the operations. Parameters keep their names, so both
  /// take the weights of the whole.
  ///
  /// ```swift
  /// let (backbone, head) = graph.cut(at: [("features", last)])
  /// ```
  /// An input of the graph that the second part also reads is an input of both.
  public func cut(at values: [(name: String, operation: Int)]) -> (before: Graph, after: Graph) {
    (part(from: [], to: values), part(from: values, to: outputs.map { ($0.name, $0.operation) }))
  }

  /// The operations that the exits need after the entries. The entries are the first inputs, in the
  /// given order, needed or not; then come the inputs of this graph that are also needed.
  package func part(
    from entries: [(name: String, operation: Int)], to exits: [(name: String, operation: Int)]
  ) -> Graph {
    let names = Dictionary(
      entries.map { ($0.operation, $0.name) }, uniquingKeysWith: { first, _ in first })
    let needed = ancestors(of: exits.map(\.operation), stoppingAt: Set(names.keys))
      .union(names.keys)
    var places: [Int: Int] = [:]
    var kept: [Operation] = []
    for index in needed.sorted() {
      let old = operations[index]
      places[index] = kept.count
      let entry = names[index]
      kept.append(
        Operation(
          name: entry ?? old.name,
          layer: entry == nil ? old.layer : Input(shape: old.shape, count: old.count),
          inputs: entry == nil ? old.inputs.compactMap { places[$0] } : [], shape: old.shape,
          parameters: entry == nil ? old.parameters : [], stages: old.stages, site: old.site,
          count: old.count))
    }
    func port(_ name: String, _ operation: Int) -> Port? {
      places[operation].map { Port(name: name, operation: $0) }
    }
    let others = inputs.filter { needed.contains($0.operation) && names[$0.operation] == nil }
    return Graph(
      operations: kept,
      inputs: entries.compactMap(port) + others.compactMap { port($0.name, $0.operation) },
      outputs: exits.compactMap(port))
  }
}
