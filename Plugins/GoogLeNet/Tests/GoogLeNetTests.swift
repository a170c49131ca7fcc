import GoogLeNet
import TestSupport
import Testing
import ZooConformance
import ZooKit

@Suite(.serialized)
struct GoogLeNetTests {
  @Test func conforms() throws { try Conformance.check(GoogLeNet.self) }

  /// In the step auxiliary heads have 0.3 of the say.
  @Test func agreesWithItsReference() throws {
    try Reference.check(GoogLeNet.self, steps: ["mini-googlenet": GoogLeNet(shrunk: 16)])
  }

  /// torchvision counts the network without its auxiliary heads.
  @Test func withoutThemItHasThePublishedNumberOfParameters() throws {
    let graph = try Registry.linked().variant("googlenet").graph()
    #expect(graph.inferenceParameterCount == 6_624_904)
  }
}
