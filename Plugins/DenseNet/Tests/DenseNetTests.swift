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
    try Reference.check(DenseNet.self, winograd: 1e-4, steps: ["mini-densenet": mini])
  }
}
