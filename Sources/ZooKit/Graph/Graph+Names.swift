extension Graph {
  /// The operation a name stands for: the one behind an output or an input, the operation of that
  /// name, or the last one of that stage. Nil if the graph has no such name.
  public func operation(named name: String) -> Int? {
    let port = outputs.first { $0.name == name } ?? inputs.first { $0.name == name }
    return port?.operation ?? index(of: name) ?? output(of: name)
  }

  /// The operation a name stands for, or an error that suggests near names.
  public func resolve(_ name: String) throws -> Int {
    if let operation = operation(named: name) { return operation }
    throw ZooError.notFound(
      "the network has no stage or layer “\(name)”" + suggestion(name, among: names))
  }

  /// Every operation of a stage, or the one a name stands for.
  public func operations(named name: String) throws -> [Int] {
    let stage = operations(in: name)
    return stage.isEmpty ? [try resolve(name)] : stage
  }

  /// Every name that ``operation(named:)`` knows.
  public var names: [String] {
    var seen: Set<String> = []
    let all = (outputs + inputs).map(\.name) + operations.map(\.name) + stages + [Stage.backbone]
    return all.filter { seen.insert($0).inserted }
  }

  /// Everything the given operations depend on, themselves included. The walk ends at `entries`.
  public func ancestors(
    of roots: some Sequence<Int>, stoppingAt entries: Set<Int> = []
  ) -> Set<Int> {
    operations.ancestors(of: roots, stoppingAt: entries)
  }
}

extension [Graph.Operation] {
  /// See ``Graph/ancestors(of:stoppingAt:)``. Operations only read earlier ones, so one pass from
  /// the end finds them all.
  func ancestors(of roots: some Sequence<Int>, stoppingAt entries: Set<Int> = []) -> Set<Int> {
    var found = Set(roots)
    for index in indices.reversed() where found.contains(index) && !entries.contains(index) {
      found.formUnion(self[index].inputs)
    }
    return found
  }
}
