import GoogLeNet
import TestSupport
import Testing
import ZooConformance
import ZooEngine
import ZooKit

@Suite(.serialized)
struct GoogLeNetTests {
  @Test func conforms() throws { try Conformance.check(GoogLeNet.self) }

  @Test(arguments: try GoldenArchitecture.all(of: GoogLeNet.self))
  func hasThePublishedSize(_ network: GoldenArchitecture) {
    #expect(network.graph.parameterCount == network.publishedParameters)
    #expect(network.graph.macs == network.publishedMACs)
  }

  /// As it was written, and folded and fused; on every engine.
  @Test(arguments: try GoldenArchitecture.all(of: GoogLeNet.self), [false, true])
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
    ("googlenet", "conv1.conv.weight", [64, 3, 7, 7] as Shape),
    ("googlenet", "inception3a.branch2.1.bn.running_mean", [128] as Shape),
    ("googlenet", "inception4d.branch3.1.conv.weight", [64, 32, 3, 3] as Shape),
    ("googlenet", "inception5b.branch4.1.conv.weight", [128, 832, 1, 1] as Shape),
    ("googlenet", "aux1.fc1.weight", [1024, 2048] as Shape),
    ("googlenet", "aux2.conv.conv.weight", [128, 528, 1, 1] as Shape),
    ("googlenet", "aux2.fc2.weight", [1000, 1024] as Shape),
    ("googlenet", "fc.weight", [1000, 1024] as Shape),
  ])
  func hasTheNamesOfItsLineage(variant: String, parameter: String, shape: Shape) throws {
    #expect(try GoldenArchitecture.shapes(of: GoogLeNet.self, variant)[parameter] == shape)
  }

  /// They are there for training; inference computes them where it is asked to.
  @Test func hasAuxiliaryHeads() throws {
    let network = try #require(try GoldenArchitecture.all(of: GoogLeNet.self).first)
    let weights = try Formula.weights(for: network.graph)
    let image = try Formula.tensor("input", [1, 3, 224, 224])
    let kept = try InferencePlan(network.graph, weights, batch: 1, keeping: ["aux1", "aux2"])
      .run(["image": image])
    for name in ["aux1", "aux2"] {
      let error = relativeError(try #require(kept[name]).values, try network.output(name))
      #expect(error <= 1e-5, "\(name): \(error)")
    }
    let usual = try InferencePlan(network.graph, weights, batch: 1)
    #expect(try usual.run(["image": image]).keys.sorted() == ["logits"])
    let training = try TrainingPlan(network.graph, weights, batch: 1)
    #expect(training.slots.count == network.graph.parameters.count(where: \.role.isTrainable))
  }

  /// torchvision counts the network without them.
  @Test func withoutThemItHasThePublishedNumberOfParameters() throws {
    let graph = try Registry.linked().variant("googlenet").graph()
    #expect(graph.inferenceParameterCount == 6_624_904)
  }

  /// Auxiliary heads with 0.3 of the say.
  @Test func learnsAsTheReferenceDoes() throws {
    for engine in GoldenStep.engines {
      let step = try GoldenStep(
        "mini-googlenet", of: GoogLeNet(shrunk: 16), frozenNorms: true)
      for (name, error) in try step.errors(engine: engine) {
        #expect(error <= 2e-5, "\(engine.name), \(name): \(error)")
      }
    }
  }

  /// What torchvision does to its pictures in the network, its checkpoint's preprocessing does.
  @Test func transformsItsInputWhereItIsPrepared() {
    for (mean, std) in [(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)] {
      for value in [0, 0.25, 1] {
        let transformed = (value - mean) / std * (std / 0.5) + (mean - 0.5) / 0.5
        #expect(abs(transformed - (value - 0.5) / 0.5) < 1e-12)
      }
    }
  }
}
