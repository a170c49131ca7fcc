import AlexNet
import TestSupport
import Testing
import ZooConformance

@Suite(.serialized)
struct AlexNetTests {
  @Test func conforms() throws { try Conformance.check(AlexNet.self) }

  @Test func agreesWithItsReference() throws {
    var mini = try #require(AlexNet.variants["alexnet"])
    mini.widths = [8, 16, 24, 16, 8]
    mini.hidden = 16
    try Reference.check(
      AlexNet.self, throughWinograd: false, arena: 1.15, steps: ["mini-alexnet": mini])
  }
}
