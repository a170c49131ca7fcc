import ZFNet
import TestSupport
import Testing
import ZooConformance
import ZooEngine
import ZooKit

@Suite(.serialized)
struct ZFNetTests {
  @Test func conforms() throws { try Conformance.check(ZFNet.self) }

  @Test(arguments: try GoldenArchitecture.all(of: ZFNet.self))
  func hasThePublishedSize(_ network: GoldenArchitecture) {
    #expect(network.graph.parameterCount == network.publishedParameters)
    #expect(network.graph.macs == network.publishedMACs)
  }

  /// As it was written, and folded and fused; on every engine.
  @Test(arguments: try GoldenArchitecture.all(of: ZFNet.self), [false, true])
  func computesWhatTheReferenceDoes(_ network: GoldenArchitecture, compiled: Bool) throws {
    for engine in compiled ? GoldenStep.engines : [LayerEngine()] {
      let errors = try network.errors(compiled: compiled, engine: engine)
      #expect(errors.count == 3 * 5 + 1)
      for (place, error) in errors {
        #expect(error <= 1e-5, "\(engine.name), \(place): \(error)")
      }
    }
  }

  @Test(arguments: [
    ("zfnet", "conv1.weight", [96, 3, 7, 7] as Shape),
    ("zfnet", "conv2.weight", [256, 96, 5, 5] as Shape),
    ("zfnet", "fc6.weight", [4096, 9216] as Shape),
    ("zfnet", "fc8.bias", [1000] as Shape),
  ])
  func hasTheNamesOfItsLineage(variant: String, parameter: String, shape: Shape) throws {
    #expect(try GoldenArchitecture.shapes(of: ZFNet.self, variant)[parameter] == shape)
  }

  /// Figure 3 has the sizes of its maps.
  @Test func hasTheMapsOfThePaper() throws {
    let graph = try Registry.linked().variant("zfnet").graph()
    let sides = ["conv1", "pool1", "conv2", "pool2", "conv3", "conv5", "pool5"].map { name in
      graph.index(of: name).map { graph.operations[$0].shape.height }
    }
    #expect(sides == [110, 55, 26, 13, 13, 13, 6])
  }
}
