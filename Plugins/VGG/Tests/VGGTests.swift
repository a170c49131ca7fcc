import TestSupport
import Testing
import ZooConformance
import VGG
import ZooKit

@Suite(.serialized)
struct VGGTests {
  @Test func conforms() throws { try Conformance.check(VGG.self) }

  @Test(arguments: try GoldenArchitecture.all(of: VGG.self))
  func hasThePublishedSize(_ network: GoldenArchitecture) {
    #expect(network.graph.parameterCount == network.publishedParameters)
    #expect(network.graph.macs == network.publishedMACs)
  }

  /// As it was written, and folded and fused.
  @Test(arguments: try GoldenArchitecture.all(of: VGG.self), [false, true])
  func computesWhatTheReferenceDoes(_ network: GoldenArchitecture, compiled: Bool) throws {
    let errors = try network.errors(compiled: compiled)
    #expect(errors.count == 3 * network.stages.count + 1)
    for (place, error) in errors { #expect(error <= 1e-5, "\(place): \(error)") }
  }

  @Test(arguments: [
    ("vgg11", "features.18.weight", [512, 512, 3, 3] as Shape),
    ("vgg16", "features.28.weight", [512, 512, 3, 3] as Shape),
    ("vgg16", "classifier.0.weight", [4096, 25088] as Shape),
    ("vgg19", "classifier.6.bias", [1000] as Shape),
    ("vgg13_bn", "features.1.running_mean", [64] as Shape),
    ("vgg19_bn", "features.49.weight", [512, 512, 3, 3] as Shape),
  ])
  func hasTorchvisionsNames(variant: String, parameter: String, shape: Shape) throws {
    #expect(try GoldenArchitecture.shapes(of: VGG.self, variant)[parameter] == shape)
  }

  @Test(arguments: ["vgg", "vgg_bn"])
  func learnsAsTheReferenceDoes(miniature: String) throws {
    var network = try #require(VGG.miniatures[miniature])
    network.widths = [4, 8, 8]
    network.hidden = 16
    for engine in GoldenStep.engines {
      for (name, error) in try GoldenStep("mini-\(miniature)", of: network).errors(engine: engine) {
        #expect(error <= 2e-5, "\(engine.name), \(name): \(error)")
      }
    }
  }

  @Test(arguments: try GoldenArchitecture.all(of: VGG.self).prefix(3))
  func wastesLittleMemory(_ network: GoldenArchitecture) throws {
    for overhead in try network.arenaOverheads() { #expect(overhead <= 1.15) }
  }
}
