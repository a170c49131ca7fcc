import ZooEngine
import ZooKit

/// Whether a family computes what its reference implementation does: one line in a plugin's tests,
/// beside the conformance kit's.
/// ```swift
/// @Test func agreesWithItsReference() throws { try Reference.check(VGG.self) }
/// ```
/// Every variant in every lineage is compared with `Tests/Golden/architectures`: its size, names of
/// parameters, its numbers on every engine; and one training step of a miniature.
public struct Reference {
  /// Everything that differs.
  public struct Failure: Error, CustomStringConvertible {
    let family: String
    let findings: [String]

    public var description: String {
      (["\(family) differs from its reference:"] + findings.map { "  \($0)" })
        .joined(separator: "\n")
    }
  }

  /// Of relative L2 errors; the reference's own float32 is off by 4e-6.
  private let tolerance: Double
  /// Whether oneDNN may multiply in Winograd's domain as it usually does, which loses a digit.
  private let throughWinograd: Bool
  /// How much larger an arena may be than what it must hold.
  private let arena: Double?
  private var findings: [String] = []

  private init(tolerance: Double, throughWinograd: Bool, arena: Double?) {
    (self.tolerance, self.throughWinograd, self.arena) = (tolerance, throughWinograd, arena)
  }

  /// - Parameter steps: golden training steps, and the miniatures that take them.
  public static func check(
    _ family: any Architecture.Type, within tolerance: Double = 1e-5,
    throughWinograd: Bool = true, arena: Double? = nil,
    steps: KeyValuePairs<String, any Architecture> = [:]
  ) throws {
    var reference = Reference(
      tolerance: tolerance, throughWinograd: throughWinograd, arena: arena)
    let networks = try GoldenArchitecture.all(of: family)
    reference.expect(!networks.isEmpty, "no variant has golden values")
    reference.expect(networks.contains { !$0.landmarks.isEmpty }, "no variant has landmarks")
    for network in networks {
      reference.checkSize(network)
      reference.checkNames(network)
      try reference.checkNumbers(network)
    }
    for (name, miniature) in steps { try reference.checkStep(name, miniature) }
    guard reference.findings.isEmpty else {
      throw Failure(family: family.name, findings: reference.findings)
    }
  }

  private mutating func expect(_ isSo: Bool, _ finding: @autoclosure () -> String) {
    if !isSo { findings.append(finding()) }
  }

  private mutating func checkSize(_ network: GoldenArchitecture) {
    let (graph, published) = (network.graph, network.published)
    expect(
      graph.parameterCount == published.parameters,
      "\(network): \(graph.parameterCount) parameters, published are \(published.parameters)")
    expect(
      graph.macs == published.macs,
      "\(network): \(graph.macs) multiply-accumulates, published are \(published.macs)")
  }

  private mutating func checkNames(_ network: GoldenArchitecture) {
    for (name, sizes) in network.landmarks {
      let found = network.graph.parameters.first { $0.name == name }?.shape
      expect(
        found == Shape(sizes),
        "\(network): \(name) is \(found.map { "\($0)" } ?? "not there"), expected \(Shape(sizes))")
    }
  }

  private mutating func checkNumbers(_ network: GoldenArchitecture) throws {
    expect(!network.stages.isEmpty, "\(network): no stage has golden values")
    let weights = try Formula.weights(for: network.graph)
    let compiled = try network.program(weights, compiled: true)
    try checkNumbers(
      network, network.program(weights, compiled: false), on: LayerEngine(), "as it was written")
    try checkNumbers(network, compiled, on: LayerEngine(), "compiled")
    if (try? OneDNN.library.get()) != nil {
      for winograd in throughWinograd ? [false, true] : [false] {
        try checkNumbers(
          network, compiled, on: OneDNNEngine(winograd: winograd),
          winograd ? "on oneDNN through Winograd" : "on oneDNN")
      }
    }
    if let arena {
      for overhead in try network.arenaOverheads(compiled) {
        expect(overhead <= arena, "\(network): an arena of \(overhead) times what it must hold")
      }
    }
    if !network.auxiliaryOutputs.isEmpty { try checkAuxiliaryHeads(network, weights) }
  }

  private mutating func checkNumbers(
    _ network: GoldenArchitecture, _ program: Program, on engine: some Engine, _ how: String
  ) throws {
    let errors = try network.errors(of: program, on: engine)
    expect(
      errors.count == 3 * network.stages.count + 1,
      "\(network) \(how): \(errors.count) comparisons of \(network.stages.count) stages")
    for (place, error) in errors {
      expect(error <= tolerance, "\(network) \(how): \(place) is off by \(error)")
    }
  }

  /// Inference leaves them out unless it is asked to keep them; training has them.
  private mutating func checkAuxiliaryHeads(_ network: GoldenArchitecture, _ weights: Weights)
    throws
  {
    let picture = try network.input
    let input = ["image": try Tensor(Shape([1] + picture.shape.sizes), picture.values)]
    let kept = try InferencePlan(
      network.graph, weights, batch: 1, keeping: network.auxiliaryOutputs
    ).run(input)
    for (name, error) in try network.errors(ofAuxiliary: kept) {
      expect(error <= tolerance, "\(network): \(name) is off by \(error)")
    }
    let usual = try InferencePlan(network.graph, weights, batch: 1).run(input).keys.sorted()
    expect(usual == ["logits"], "\(network): inference computes \(usual)")
    let learning = try TrainingPlan(network.graph, weights, batch: 1).slots.count
    let trainable = network.graph.parameters.count(where: \.role.isTrainable)
    expect(learning == trainable, "\(network): \(learning) of \(trainable) parameters learn")
  }

  /// Backward adds rounding of its own: twice the tolerance.
  private mutating func checkStep(_ name: String, _ miniature: any Architecture) throws {
    for engine in GoldenStep.engines {
      let errors = try GoldenStep(name, of: miniature).errors(engine: engine)
      for (place, error) in errors {
        expect(error <= 2e-5, "\(name) on \(engine.name): \(place) is off by \(error)")
      }
    }
  }
}
