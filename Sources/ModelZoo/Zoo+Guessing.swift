import ZooFormats
import ZooKit
import ZooStore

extension Zoo {
  /// A variant that a file may have weights for.
  struct Guess {
    let variant: Variant
    /// The share of the numbers that file and network have in common, from 0 to 1.
    let share: Double
  }

  /// The variants that fit a file best by names and shapes: those of equal share, the likeliest
  /// first. Empty if less than half of the numbers would fit.
  /// - Parameter classes: the number of classes, if known.
  func guesses(of source: any TensorSource, classes: Int? = nil) throws -> [Guess] {
    var candidates: [(variant: Variant, graph: Graph, overlap: Double)] = []
    for variant in registry.allVariants {
      guard let graph = try? variant.graph(head: classes.map { .original(classes: $0) })
      else { continue }
      candidates.append((variant, graph, overlap(of: source, and: graph)))
    }
    candidates.sort { $0.overlap > $1.overlap }
    let found = candidates.prefix(Zoo.mostCompared).compactMap { variant, graph, _ -> Guess? in
      guard let plan = try? laidPlan(from: source, into: graph, of: variant) else { return nil }
      return Guess(variant: variant, share: plan.share(of: graph))
    }
    guard let best = found.map(\.share).max(), best >= 0.5 else { return [] }
    // A file is often called after its network.
    func rank(_ guess: Guess) -> Int {
      let isNamed = lastPart(of: source.origin).contains(guess.variant.name)
      return isNamed ? 0 : catalog.defaultRecord(of: guess.variant.name) == nil ? 2 : 1
    }
    return found.filter { $0.share > best - 1e-6 }.sorted {
      (rank($0), $0.variant.name.utf8.count, $0.variant.name)
        < (rank($1), $1.variant.name.utf8.count, $1.variant.name)
    }
  }

  /// A variant that fits a file better than one that does not.
  func better(than plan: LoadPlan, of graph: Graph, _ variant: Variant) throws -> String? {
    guard plan.share(of: graph) < 0.99, !(plan.source is DarknetCheckpoint) else { return nil }
    let best = try guesses(of: plan.source).first { $0.share > 0.99 }
    return best.flatMap { $0.variant.name == variant.name ? nil : $0.variant.name }
  }

  /// The number of variants whose names are compared too.
  private static let mostCompared = 8

  private func lastPart(of path: String) -> Substring { path.split(separator: "/").last ?? "" }

  private func laidPlan(
    from source: any TensorSource, into graph: Graph, of variant: Variant
  ) throws -> LoadPlan {
    guard let weights = source as? DarknetWeights else {
      let found = try plan(from: source, into: graph, of: variant)
      guard found.matched.isEmpty else { return found }
      // With a head for other classes, not everything fits, and no prefix is dropped by itself.
      let words = Set(source.tensors.map { $0.name.prefix { $0 != "." } })
      guard let word = words.first, words.count == 1 else { return found }
      return try plan(
        from: source, into: graph, of: variant, [Rename(from: String(word), to: "")])
    }
    return try LoadPlan(from: weights.laid(over: graph), into: graph)
  }

  /// The share of equally large tensors, whatever their names. It is quick, and no layout of kernels
  /// changes it.
  private func overlap(of source: any TensorSource, and graph: Graph) -> Double {
    if let weights = source as? DarknetWeights {
      return (try? weights.expected(by: graph)) == weights.size ? 1 : 0
    }
    var left: [Int: Int] = [:]
    var (found, common) = (0, 0)
    for tensor in source.tensors where tensor.type.isFloat {
      left[tensor.shape.count, default: 0] += 1
      found += tensor.shape.count
    }
    let head = graph.parameterNames(in: Stage.head)
    var wanted = 0
    for parameter in graph.parameters {
      let count = parameter.shape.count
      let isThere = left[count, default: 0] > 0
      if isThere {
        left[count, default: 0] -= 1
        common += count
      }
      if isThere || !head.contains(parameter.name) { wanted += count }
    }
    return 2 * Double(common) / Double(max(1, found + wanted))
  }
}

extension LoadPlan {
  /// The share of the numbers that file and network have in common. A head without weights, or for
  /// another number of classes, counts on neither side.
  fileprivate func share(of graph: Graph) -> Double {
    let head = graph.parameterNames(in: Stage.head)
    let fitted = Set(matched.map(\.parameter.name))
    let common = matched.reduce(0) { $0 + $1.parameter.shape.count }
    let wanted = graph.parameters.reduce(0) { sum, parameter in
      let counts = fitted.contains(parameter.name) || !head.contains(parameter.name)
      return sum + (counts ? parameter.shape.count : 0)
    }
    let other = mismatched.reduce(0) { sum, mismatch in
      sum + (head.contains(mismatch.parameter.name) ? mismatch.source.shape.count : 0)
    }
    let found = source.tensors.reduce(0) { $0 + ($1.type.isFloat ? $1.shape.count : 0) } - other
    return 2 * Double(common) / Double(max(1, found + wanted))
  }
}
