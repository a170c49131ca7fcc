import DenseNet
import TestSupport
import Testing
import ZooConformance
import ZooKit

@Suite(.serialized)
struct DenseNetTests {
  @Test func conforms() throws { try Conformance.check(DenseNet.self) }

  @Test(arguments: try GoldenArchitecture.all(of: DenseNet.self))
  func hasThePublishedSize(_ network: GoldenArchitecture) {
    #expect(network.graph.parameterCount == network.publishedParameters)
    #expect(network.graph.macs == network.publishedMACs)
  }

  /// As it was written, and folded and fused.
  @Test(arguments: try GoldenArchitecture.all(of: DenseNet.self), [false, true])
  func computesWhatTheReferenceDoes(_ network: GoldenArchitecture, compiled: Bool) throws {
    let errors = try network.errors(compiled: compiled)
    #expect(errors.count == 3 * network.stages.count + 1)
    for (place, error) in errors { #expect(error <= 1e-5, "\(place): \(error)") }
  }

  @Test(arguments: [
    ("densenet121", "features.conv0.weight", [64, 3, 7, 7] as Shape),
    ("densenet121", "features.denseblock1.denselayer1.norm1.running_var", [64] as Shape),
    ("densenet161", "features.denseblock4.denselayer24.conv2.weight", [48, 192, 3, 3] as Shape),
    ("densenet169", "features.transition3.conv.weight", [640, 1280, 1, 1] as Shape),
    ("densenet201", "features.norm5.weight", [1920] as Shape),
    ("densenet201", "classifier.weight", [1000, 1920] as Shape),
  ])
  func hasTorchvisionsNames(variant: String, parameter: String, shape: Shape) throws {
    #expect(try GoldenArchitecture.shapes(of: DenseNet.self, variant)[parameter] == shape)
  }

  @Test func learnsAsTheReferenceDoes() throws {
    var network = try #require(DenseNet.miniatures["densenet"])
    network.depths = [2, 2, 2, 2]
    for engine in GoldenStep.engines {
      for (name, error) in try GoldenStep("mini-densenet", of: network).errors(engine: engine) {
        #expect(error <= 2e-5, "\(engine.name), \(name): \(error)")
      }
    }
  }

  @Test(arguments: try GoldenArchitecture.all(of: DenseNet.self).prefix(3))
  func wastesLittleMemory(_ network: GoldenArchitecture) throws {
    for overhead in try network.arenaOverheads() { #expect(overhead <= 1.15) }
  }
}
