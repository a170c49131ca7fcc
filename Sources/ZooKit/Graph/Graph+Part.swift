extension Graph {
  /// A stretch of a network by the names of what goes in and what comes out.
  ///
  /// A detector decides between its stretches, in plain Swift, which regions go on: there are no
  /// operations for that. Names are those of inputs, outputs, operations or stages.
  /// ```swift
  /// let proposing = Graph.Part(from: ["image"], to: ["objectness", "deltas"])
  /// ```
  public struct Part: Hashable, Sendable {
    public let from: [String]
    public let to: [String]
    /// The items of a batch are regions of pictures: now a few, now hundreds.
    public let takesRegions: Bool

    public init(from: [String], to: [String], takesRegions: Bool = false) {
      self.from = from
      self.to = to
      self.takesRegions = takesRegions
    }
  }

  /// The part as a graph of its own: what goes in becomes its inputs, and only what its outputs
  /// need is left. Names, stages and parameters stay as they are.
  public func part(_ part: Part) throws -> Graph {
    let entries = try part.from.map { (name: $0, operation: try value(called: $0)) }
    let exits = try part.to.map { (name: $0, operation: try value(called: $0)) }
    let borders = Set(entries.map(\.operation))
    var needed = Set(exits.map(\.operation))
    for index in operations.indices.reversed() where needed.contains(index) {
      if borders.contains(index) { continue }
      guard !operations[index].layer.isInput else {
        throw ZooError.failure(
          "\(part.to.joined(separator: ", ")) need \(operations[index].name), "
            + "which \(part.from.joined(separator: ", ")) do not give")
      }
      needed.formUnion(operations[index].inputs)
    }
    // Every input is there, needed or not, in the order in which they were named.
    needed.formUnion(borders)
    var places: [Int: Int] = [:]
    var kept: [Operation] = []
    for index in needed.sorted() {
      let old = operations[index]
      places[index] = kept.count
      let entry = borders.contains(index)
      kept.append(
        Operation(
          name: old.name, layer: entry ? Input(shape: old.shape, count: old.count) : old.layer,
          inputs: entry ? [] : old.inputs.compactMap { places[$0] }, shape: old.shape,
          parameters: entry ? [] : old.parameters, stages: old.stages, site: old.site,
          count: old.count))
    }
    func ports(_ ends: [(name: String, operation: Int)]) -> [Port] {
      ends.compactMap { end in
        places[end.operation].map { Port(name: end.name, operation: $0) }
      }
    }
    return Graph(operations: kept, inputs: ports(entries), outputs: ports(exits))
  }

  /// The operation that feeds or gives a port, or the one called so, or the last one of a stage.
  private func value(called name: String) throws -> Int {
    let port = outputs.first { $0.name == name } ?? inputs.first { $0.name == name }
    if let operation = port?.operation ?? index(of: name) ?? output(of: name) { return operation }
    throw ZooError.notFound(
      "no operation or stage is called \(name)"
        + suggestion(name, among: operations.map(\.name) + stages))
  }
}
