import ZooEngine
import ZooKit
import ZooStore

/// A network with its weights, classes and preprocessing: the content of a checkpoint file.
///
/// ```swift
/// let model = try Model(contentsOf: "ants-and-bees.h5", registry: .linked())
/// model.checkpoint.classes        // ["ants", "bees"]
/// ```
/// `classify`, `detect`, `segment` and `regress` compile the network at their first call. The model and its
/// copies keep what was compiled, and any number of tasks may call them at once.
public struct Model: Sendable {
  /// The name that the user gave.
  public let name: String
  public let checkpoint: Checkpoint
  public let variant: Variant
  public let graph: Graph
  public let weights: Weights
  /// What was compiled from it; shared by its copies.
  let compiled = Compiled()

  public init(
    name: String, checkpoint: Checkpoint, variant: Variant, graph: Graph, weights: Weights
  ) {
    self.name = name
    self.checkpoint = checkpoint
    self.variant = variant
    self.graph = graph
    self.weights = weights
  }

  /// Opens a checkpoint: record, architecture and weights must agree to the last tensor.
  public init(contentsOf path: String, name: String? = nil, registry: Registry) throws {
    let store = try WeightStore(ofModel: path)
    let (record, variant, graph) = try store.network(in: registry)
    var checkpoint = record
    // Names and shapes are compared before a byte is read.
    let plan = try LoadPlan(from: store, into: graph)
    guard plan.isComplete else { throw ZooError.corrupt("\(path): \(plan.complaint)") }
    if checkpoint.novelty != nil { checkpoint.novelty?.arrays = try store.noveltyArrays() }
    let tensors = try store.load(threads: Threads.count)
    var weights = Weights()
    for parameter in graph.parameters { weights[parameter.name] = tensors[parameter.name] }
    self.init(
      name: name ?? path, checkpoint: checkpoint, variant: variant, graph: graph, weights: weights)
  }
}

extension Zoo {
  /// The model of that name, variant or path, with its weights.
  public func model(_ name: String) throws -> Model {
    try Model(contentsOf: path(of: name), name: name, registry: registry)
  }
}

extension WeightStore {
  /// The record and the network it describes; reads no numbers.
  public func network(in registry: Registry) throws
    -> (checkpoint: Checkpoint, variant: Variant, graph: Graph)
  {
    let checkpoint = try Checkpoint(meta, in: "\(origin): /meta")
    let variant: Variant
    do { variant = try registry.variant(checkpoint.variant) } catch let error as ZooError {
      let isKnown = registry.families.contains { $0.name == checkpoint.family }
      throw ZooError.corrupt(
        "\(origin) is a \(checkpoint.family) checkpoint; \(error.message)"
          + (isKnown ? "" : "; if a plugin defines it, name its library with --plugin PATH"))
    }
    guard variant.family == checkpoint.family else {
      throw ZooError.corrupt(
        "\(origin) says that \(variant.name) is of the family \(checkpoint.family); it is of "
          + variant.family)
    }
    do {
      guard try checkpoint.task.definition.suits(variant.architecture) else {
        throw ZooError.corrupt("\(variant.name) is no network for \(checkpoint.task.rawValue)")
      }
      let graph = try variant.graph(
        head: checkpoint.head(classes: checkpoint.classes.count), input: checkpoint.input,
        normEpsilon: checkpoint.normEpsilon)
      return (checkpoint, variant, graph)
    } catch let error as ZooError {
      // The family is fine; the record asks for an impossible network.
      throw ZooError.corrupt("\(origin): \(error.message)")
    }
  }
}
