import SqueezeNet
import TestSupport
import Testing
import ZooConformance

@Suite(.serialized)
struct SqueezeNetTests {
  @Test func conforms() throws { try Conformance.check(SqueezeNet.self) }

  @Test func agreesWithItsReference() throws {
    let mini = try #require(SqueezeNet.miniatures["squeezenet"])
    try Reference.check(SqueezeNet.self, steps: ["mini-squeezenet": mini])
  }
}
