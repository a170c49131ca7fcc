import DenseNet
import TestSupport
import Testing
import ZooConformance

@Suite(.serialized)
struct DenseNetTests {
  @Test func conforms() throws { try Conformance.check(DenseNet.self) }

  @Test func agreesWithItsReference() throws {
    var mini = try #require(DenseNet.miniatures["densenet"])
    mini.depths = [2, 2, 2, 2]
    try Reference.check(
      DenseNet.self, throughWinograd: false, arena: 1.15, steps: ["mini-densenet": mini])
  }
}
