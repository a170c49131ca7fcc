import TestSupport
import Testing
import VGG
import ZooConformance

@Suite(.serialized)
struct VGGTests {
  @Test func conforms() throws { try Conformance.check(VGG.self) }

  @Test func agreesWithItsReference() throws {
    try Reference.check(
      VGG.self, throughWinograd: false, arena: 1.15,
      steps: ["mini-vgg": mini("vgg"), "mini-vgg_bn": mini("vgg_bn")])
  }

  private func mini(_ name: String) throws -> VGG {
    var network = try #require(VGG.miniatures[name])
    network.widths = [4, 8, 8]
    network.hidden = 16
    return network
  }
}
