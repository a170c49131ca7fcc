import TestSupport
import Testing
import ZFNet
import ZooConformance
import ZooKit

@Suite(.serialized)
struct ZFNetTests {
  @Test func conforms() throws { try Conformance.check(ZFNet.self) }

  @Test func agreesWithItsReference() throws { try Reference.check(ZFNet.self) }

  /// Figure 3 has the sizes of its maps.
  @Test func hasTheMapsOfThePaper() throws {
    let graph = try Registry.linked().variant("zfnet").graph()
    let sides = ["conv1", "pool1", "conv2", "pool2", "conv3", "conv5", "pool5"].map { name in
      graph.index(of: name).map { graph.operations[$0].shape.height }
    }
    #expect(sides == [110, 55, 26, 13, 13, 13, 6])
  }
}
