import Inception
import TestSupport
import Testing
import ZooConformance
import ZooEngine
import ZooKit

@Suite(.serialized)
struct InceptionV3Tests {
  @Test func conforms() throws { try Conformance.check(InceptionV3.self) }

  @Test(arguments: try GoldenArchitecture.all(of: InceptionV3.self))
  func hasThePublishedSize(_ network: GoldenArchitecture) {
    #expect(network.graph.parameterCount == network.publishedParameters)
    #expect(network.graph.macs == network.publishedMACs)
  }

  /// As it was written, and folded and fused; on every engine.
  @Test(arguments: try GoldenArchitecture.all(of: InceptionV3.self), [false, true])
  func computesWhatTheReferenceDoes(_ network: GoldenArchitecture, compiled: Bool) throws {
    for engine in compiled ? GoldenStep.engines : [LayerEngine()] {
      let errors = try network.errors(compiled: compiled, engine: engine)
      #expect(errors.count == 3 * 4 + 1)
      for (place, error) in errors {
        #expect(error <= 1e-5, "\(engine.name), \(place): \(error)")
      }
    }
  }

  @Test(arguments: [
    ("inception_v3", "Conv2d_1a_3x3.conv.weight", [32, 3, 3, 3] as Shape),
    ("inception_v3", "Mixed_5b.branch_pool.conv.weight", [32, 192, 1, 1] as Shape),
    ("inception_v3", "Mixed_6b.branch7x7_2.conv.weight", [128, 128, 1, 7] as Shape),
    ("inception_v3", "Mixed_6e.branch7x7dbl_5.bn.weight", [192] as Shape),
    ("inception_v3", "Mixed_7c.branch3x3dbl_3b.conv.weight", [384, 384, 3, 1] as Shape),
    ("inception_v3", "AuxLogits.conv1.conv.weight", [768, 128, 5, 5] as Shape),
    ("inception_v3", "fc.weight", [1000, 2048] as Shape),
  ])
  func hasTheNamesOfItsLineage(variant: String, parameter: String, shape: Shape) throws {
    #expect(try GoldenArchitecture.shapes(of: InceptionV3.self, variant)[parameter] == shape)
  }

  /// They are there for training; inference computes them where it is asked to.
  @Test func hasAuxiliaryHeads() throws {
    let network = try #require(try GoldenArchitecture.all(of: InceptionV3.self).first)
    let weights = try Formula.weights(for: network.graph)
    let image = try Formula.tensor("input", [1, 3, 299, 299])
    let kept = try InferencePlan(network.graph, weights, batch: 1, keeping: ["aux"])
      .run(["image": image])
    for name in ["aux"] {
      let error = relativeError(try #require(kept[name]).values, try network.output(name))
      #expect(error <= 1e-5, "\(name): \(error)")
    }
    let usual = try InferencePlan(network.graph, weights, batch: 1)
    #expect(try usual.run(["image": image]).keys.sorted() == ["logits"])
    let training = try TrainingPlan(network.graph, weights, batch: 1)
    #expect(training.slots.count == network.graph.parameters.count(where: \.role.isTrainable))
  }

  /// torchvision counts the network with its auxiliary head; Keras, which has none, 23.85 million.
  @Test func withoutItIsSmaller() throws {
    let graph = try Registry.linked().variant("inception_v3").graph()
    #expect(graph.inferenceParameterCount == 23_834_568 && graph.parameterCount == 27_161_264)
  }

  /// The auxiliary head with 0.4 of the say.
  @Test func learnsAsTheReferenceDoes() throws {
    for engine in GoldenStep.engines {
      let step = try GoldenStep(
        "mini-inception_v3", of: InceptionV3(shrunk: 16), frozenNorms: true)
      for (name, error) in try step.errors(engine: engine) {
        #expect(error <= 2e-5, "\(engine.name), \(name): \(error)")
      }
    }
  }
}
