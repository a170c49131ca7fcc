import SqueezeNet
import TestSupport
import Testing
import ZooConformance
import ZooEngine
import ZooKit

@Suite(.serialized)
struct SqueezeNetTests {
  @Test func conforms() throws { try Conformance.check(SqueezeNet.self) }

  @Test(arguments: try GoldenArchitecture.all(of: SqueezeNet.self))
  func hasThePublishedSize(_ network: GoldenArchitecture) {
    #expect(network.graph.parameterCount == network.publishedParameters)
    #expect(network.graph.macs == network.publishedMACs)
  }

  /// As it was written, and folded and fused; on every engine.
  @Test(arguments: try GoldenArchitecture.all(of: SqueezeNet.self), [false, true])
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
    ("squeezenet1_0", "features.0.weight", [96, 3, 7, 7] as Shape),
    ("squeezenet1_0", "features.12.expand3x3.weight", [256, 64, 3, 3] as Shape),
    ("squeezenet1_1", "features.3.squeeze.weight", [16, 64, 1, 1] as Shape),
    ("squeezenet1_1", "features.12.expand1x1.bias", [256] as Shape),
    ("squeezenet1_1", "classifier.1.weight", [1000, 512, 1, 1] as Shape),
  ])
  func hasTheNamesOfItsLineage(variant: String, parameter: String, shape: Shape) throws {
    #expect(try GoldenArchitecture.shapes(of: SqueezeNet.self, variant)[parameter] == shape)
  }

  @Test func learnsAsTheReferenceDoes() throws {
    let network = try #require(SqueezeNet.miniatures["squeezenet"])
    for engine in GoldenStep.engines {
      for (name, error) in try GoldenStep("mini-squeezenet", of: network).errors(engine: engine) {
        #expect(error <= 2e-5, "\(engine.name), \(name): \(error)")
      }
    }
  }
}
