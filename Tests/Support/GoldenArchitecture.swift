import Foundation
import ZooEngine
import ZooKit

/// One published network of a family and what its reference implementation computes, with the
/// weights of ``Formula``. Keras' weights of a network that is torchvision's own but for the
/// epsilon of its norms are a case of their own: `densenet121-keras`.
public struct GoldenArchitecture: Sendable, CustomStringConvertible {
  public let name: String
  public let graph: Graph
  public let published: Published
  /// Some of its parameters, by the names of its lineage.
  public let landmarks: [String: [Int]]
  private let golden: GoldenFile

  public struct Published: Decodable, Sendable {
    public let parameters: Int
    public let macs: Int
  }

  public var description: String { name }

  /// Every variant of the family, in every lineage that has golden values.
  public static func all(of family: any Architecture.Type) throws -> [GoldenArchitecture] {
    var registry = Registry()
    try registry.add(family)
    let published = try table("published", of: Published.self)
    let landmarks = try table("landmarks", of: [String: [Int]].self)
    let lineages = registry.allVariants.flatMap { variant in
      [(name: variant.name, variant: variant, epsilon: nil as Double?)]
        + [(name: "\(variant.name)-keras", variant: variant, epsilon: 1.001e-5)]
        .filter { published[$0.name] != nil && (try? registry.variant($0.name)) == nil }
    }
    return try lineages.map { name, variant, epsilon in
      guard let size = published[name] else {
        throw ZooError.notFound("\(name) is not in published.json")
      }
      return GoldenArchitecture(
        name: name, graph: try variant.graph(normEpsilon: epsilon), published: size,
        landmarks: landmarks[name] ?? [:],
        golden: try GoldenFile("architectures/\(name).safetensors"))
    }
  }

  private static func table<Row: Decodable>(_ name: String, of row: Row.Type) throws
    -> [String: Row]
  {
    let file = GoldenFile.folder.appending(path: "architectures/\(name).json")
    return try JSONDecoder().decode([String: Row].self, from: Data(contentsOf: file))
  }

  /// Every parameter of a variant and its shape.
  public static func shapes(of family: any Architecture.Type, _ variant: String) throws
    -> [String: Shape]
  {
    var registry = Registry()
    try registry.add(family)
    let parameters = try registry.variant(variant).graph().parameters
    return Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.shape) })
  }

  /// How much larger the arenas are than the largest sum of values alive at once: for one picture
  /// through the compiled program, and for forward and backward of a batch of two.
  func arenaOverheads(_ compiled: Program) throws -> [Double] {
    let claims = [
      compiled.claims(batch: 1), try TrainingPlan.claims(graph, batch: 2),
    ]
    return claims.map { Double(Arena($0).size) / Double(Arena.bound($0)) }
  }

  // MARK: Numbers

  /// Those with golden values.
  public var stages: [String] { golden.names(behind: "stage.") }

  /// The reference gives these besides its logits, and only in training.
  var auxiliaryOutputs: [String] { golden.names(behind: "output.") }

  func errors(ofAuxiliary outputs: [String: Tensor]) throws -> [String: Double] {
    try Dictionary(
      uniqueKeysWithValues: auxiliaryOutputs.map { name in
        (name, relativeError(outputs[name]?.values ?? [], try golden.values("output.\(name)")))
      })
  }

  /// The network with its stages as outputs too: folded and fused, or as it was written.
  public func program(_ weights: Weights, compiled: Bool) throws -> Program {
    let program = try Program(graph, weights, keeping: stages)
    return try compiled ? program.folded().fused().poolingFirst() : program
  }

  public var input: Tensor {
    get throws {
      try Formula.tensor("input", graph.operations[graph.inputs[0].operation].shape)
    }
  }

  /// Relative L2 errors of the logits and of every stage, by name; of a stage that is stored in
  /// samples also those of its sum and its squares, as far as they bound the error of the rest.
  public func errors(of program: Program, on engine: some Engine) throws -> [String: Double] {
    let stages = stages
    let executable = try engine.compile(program, batch: 1)
    let ports = program.outputs.map(\.name)

    var errors: [String: Double] = [:]
    try self.input.withValues { input in
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
