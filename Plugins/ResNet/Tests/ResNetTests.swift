import ResNet
import TestSupport
import Testing
import ZooConformance

@Suite(.serialized)
struct ResNetTests {
  @Test func conforms() throws { try Conformance.check(ResNet.self) }

  @Test func agreesWithItsReference() throws {
    try Reference.check(
      ResNet.self, throughWinograd: false, arena: 1.15,
      steps: [
        "mini-resnet-basic": mini("resnet18", stages: 4),
        "mini-resnet-bottleneck": mini("resnet50", stages: 4),
        "mini-resnet-cifar": mini("resnet20", stages: 3),
      ])
  }

  /// Thin, and a block a stage.
  private func mini(_ variant: String, stages: Int) throws -> ResNet {
    var network = try #require(ResNet.variants[variant])
    network.depths = Array(repeating: 1, count: stages)
    network.width = 4
    return network
  }
}
