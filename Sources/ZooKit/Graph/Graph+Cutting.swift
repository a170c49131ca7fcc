extension Graph {
  /// The graph in two: what computes the named values, and what goes on from there. The second has
  /// inputs of those names in place of the operations; parameters keep their names, so both take
  /// the weights of the whole.
  ///
  /// ```swift
  /// let (backbone, head) = graph.cut(at: [("features", last)])
  /// ```
  /// An input of the graph that the rest reads as well is an input of both.
  public func cut(
    at values: [(name: String, operation: Int)]
  ) -> (before: Graph, after: Graph) {
    let ports = values.map { Port(name: $0.name, operation: $0.operation) }
    let values = Dictionary(
      ports.map { ($0.operation, $0.name) }, uniquingKeysWith: { first, _ in first })
    return (
      part(giving: ports, entering: [:]), part(giving: outputs, entering: values)
    )
  }

  /// What computes the outputs, where the values in `entering` come from outside.
  private func part(giving outputs: [Port], entering: [Int: String]) -> Graph {
    var needed = Set(outputs.map(\.operation))
    for index in operations.indices.reversed()
    where needed.contains(index) && entering[index] == nil {
      needed.formUnion(operations[index].inputs)
    }
    let names = Dictionary(inputs.map { ($0.operation, $0.name) }) { first, _ in first }
    var kept: [Operation] = []
    var inputs: [Port] = []
    var places: [Int: Int] = [:]
    for index in operations.indices where needed.contains(index) {
      let operation = operations[index]
      places[index] = kept.count
      if let name = entering[index] ?? names[index] {
        inputs.append(.init(name: name, operation: kept.count))
        kept.append(
          .init(
            name: name, layer: Input(shape: operation.shape, count: operation.count), inputs: [],
            shape: operation.shape, parameters: [], stages: operation.stages,
            count: operation.count, site: operation.site))
      } else {
        kept.append(
          .init(
            name: operation.name, layer: operation.layer,
            inputs: operation.inputs.compactMap { places[$0] }, shape: operation.shape,
            parameters: operation.parameters, stages: operation.stages, count: operation.count,
            site: operation.site))
      }
    }
    return Graph(
      operations: kept, inputs: inputs,
      outputs: outputs.compactMap { port in
        places[port.operation].map { .init(name: port.name, operation: $0) }
      })
  }
}
