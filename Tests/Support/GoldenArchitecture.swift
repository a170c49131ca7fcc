import Foundation
import ZooEngine
import ZooKit

/// One published network of a family and what its reference implementation computes, with the
/// weights of ``Formula``. Keras' weights of a network that is torchvision's own but for the
/// epsilon of its norms are a case of their own: `densenet121-keras`.
public struct GoldenArchitecture: Sendable, CustomStringConvertible {
  public let name: String
  public let graph: Graph
  private let golden: GoldenFile
  private let published: Published

  private struct Published: Decodable {
    let parameters: Int
    let macs: Int
  }

  public var description: String { name }

  /// Every variant of the family, in every lineage that has golden values.
  public static func all(of family: any Architecture.Type) throws -> [GoldenArchitecture] {
    var registry = Registry()
    try registry.add(family)
    let table = GoldenFile.folder.appending(path: "architectures/published.json")
    let published = try JSONDecoder().decode(
      [String: Published].self, from: Data(contentsOf: table))
    let lineages = registry.allVariants.flatMap { variant in
      [(name: variant.name, variant: variant, epsilon: nil as Double?)]
        + [(name: "\(variant.name)-keras", variant: variant, epsilon: 1.001e-5)]
        .filter { published[$0.name] != nil && (try? registry.variant($0.name)) == nil }
    }
    return try lineages.map { name, variant, epsilon in
      guard let published = published[name] else {
        throw ZooError.notFound("\(name) is not in published.json")
      }
      return GoldenArchitecture(
        name: name, graph: try variant.graph(normEpsilon: epsilon),
        golden: try GoldenFile("architectures/\(name).safetensors"), published: published)
    }
  }

  // MARK: Size

  public var publishedParameters: Int { published.parameters }
  public var publishedMACs: Int { published.macs }

  /// Every parameter of a variant and its shape.
  public static func shapes(of family: any Architecture.Type, _ variant: String) throws
    -> [String: Shape]
  {
    var registry = Registry()
    try registry.add(family)
    let parameters = try registry.variant(variant).graph().parameters
    return Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.shape) })
  }

  /// How much larger the arenas are than the largest sum of values alive at once: of the compiled
  /// program for one picture, and of the way there and back of a batch of two.
  public func arenaOverheads() throws -> [Double] {
    let weights = try Formula.weights(for: graph)
    let compiled = try Program(graph, weights).folded().fused().homes(batch: 1).claims
    let training = try TrainingPlan.claims(graph, batch: 2)
    return [compiled, training].map { Double(Arena($0).size) / Double(Arena.bound($0)) }
  }

  // MARK: Numbers

  /// Those with golden values.
  public var stages: [String] {
    golden.names.filter { $0.hasPrefix("stage.") }.map { String($0.dropFirst(6)) }
  }

  /// What the reference gives besides its logits, and only while it trains.
  public func output(_ name: String) throws -> [Float] { try golden.values("output.\(name)") }

  /// Relative L2 errors of the logits and of every stage, by name; of a stage that is stored in
  /// samples also those of its sum and its squares, as far as they bound the error of the rest.
  /// - Parameter compiled: folded and fused; else the layers one by one as they were written.
  public func errors(
    compiled: Bool, engine: some Engine = LayerEngine()
  ) throws -> [String: Double] {
    let stages = stages
    var program = try Program(graph, Formula.weights(for: graph), keeping: stages)
    if compiled { program = try program.folded().fused().poolingFirst() }
    let executable = try engine.compile(program, batch: 1)
    let ports = program.outputs.map(\.name)
    let input = try Formula.tensor("input", graph.operations[graph.inputs[0].operation].shape)

    var errors: [String: Double] = [:]
    try input.withValues { input in
      guard let base = input.baseAddress else { return }
      try executable.run([base]) { outputs in
        for (name, output) in zip(ports, outputs) {
          let stage = stages.contains(name) ? "stage.\(name)" : name
          errors[name] = relativeError(
            GoldenFile.sampled(output.values), try golden.values(stage))
          guard stages.contains(name) else { continue }
          let shape = output.shape.sizes.map(String.init).joined(separator: "x")
          if try golden.text("\(stage).shape") != shape { errors[name] = .infinity }
          let sum = try golden.number("\(stage).sum")
          let squares = try golden.number("\(stage).squares")
          let found = output.values.reduce(into: (sum: 0.0, squares: 0.0)) {
            $0.sum += Double($1)
            $0.squares += Double($1) * Double($1)
          }
          // By Cauchy and Schwarz |Σ(a − b)| ≤ √n · ‖a − b‖.
          errors["\(name) sum"] =
            abs(found.sum - sum) / (Double(output.count) * squares).squareRoot()
          errors["\(name) squares"] = abs((found.squares / squares).squareRoot() - 1)
        }
      }
    }
    return errors.mapValues { $0.isFinite ? $0 : .infinity }
  }
}
