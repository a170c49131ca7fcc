import Inception
import TestSupport
import Testing
import ZooConformance
import ZooKit

@Suite(.serialized)
struct InceptionV3Tests {
  @Test func conforms() throws { try Conformance.check(InceptionV3.self) }

  /// In the step the auxiliary head has 0.4 of the say.
  @Test func agreesWithItsReference() throws {
    try Reference.check(InceptionV3.self, steps: ["mini-inception_v3": InceptionV3(shrunk: 16)])
  }

  /// torchvision counts the network with its auxiliary head; Keras, which has none, 23.85 million.
  @Test func withoutItIsSmaller() throws {
    let graph = try Registry.linked().variant("inception_v3").graph()
    #expect(graph.inferenceParameterCount == 23_834_568 && graph.parameterCount == 27_161_264)
  }
}
