import AlexNet
import TestSupport
import Testing
import ZooConformance
import ZooKit

@Suite(.serialized)
struct AlexNetTests {
  @Test func conforms() throws { try Conformance.check(AlexNet.self) }

  @Test(arguments: try GoldenArchitecture.all(of: AlexNet.self))
  func hasThePublishedSize(_ network: GoldenArchitecture) {
    #expect(network.graph.parameterCount == network.publishedParameters)
    #expect(network.graph.macs == network.publishedMACs)
  }

  /// As it was written, and folded and fused.
  @Test(arguments: try GoldenArchitecture.all(of: AlexNet.self), [false, true])
  func computesWhatTheReferenceDoes(_ network: GoldenArchitecture, compiled: Bool) throws {
    let errors = try network.errors(compiled: compiled)
    #expect(errors.count == 3 + 1)
    for (place, error) in errors { #expect(error <= 1e-5, "\(place): \(error)") }
  }

  @Test(arguments: [
    ("alexnet", "features.0.weight", [64, 3, 11, 11] as Shape),
    ("alexnet", "features.10.bias", [256] as Shape),
    ("alexnet", "classifier.1.weight", [4096, 9216] as Shape),
    ("alexnet", "classifier.6.weight", [1000, 4096] as Shape),
  ])
  func hasTorchvisionsNames(variant: String, parameter: String, shape: Shape) throws {
    #expect(try GoldenArchitecture.shapes(of: AlexNet.self, variant)[parameter] == shape)
  }

  @Test func learnsAsTheReferenceDoes() throws {
    var network = try #require(AlexNet.variants["alexnet"])
    network.widths = [8, 16, 24, 16, 8]
    network.hidden = 16
    for engine in GoldenStep.engines {
      for (name, error) in try GoldenStep("mini-alexnet", of: network).errors(engine: engine) {
        #expect(error <= 2e-5, "\(engine.name), \(name): \(error)")
      }
    }
  }

  @Test(arguments: try GoldenArchitecture.all(of: AlexNet.self).prefix(3))
  func wastesLittleMemory(_ network: GoldenArchitecture) throws {
    for overhead in try network.arenaOverheads() { #expect(overhead <= 1.15) }
  }
}
