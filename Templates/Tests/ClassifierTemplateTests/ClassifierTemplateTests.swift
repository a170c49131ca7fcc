import ClassifierTemplate
import Testing
import ZooConformance
import ZooKit

struct ClassifierTemplateTests {
  /// The rest of the zoo relies on it.
  @Test func conforms() throws { try Conformance.check(ClassifierTemplate.self) }

  /// The number of parameters in the paper.
  @Test func hasThePublishedSize() throws {
    let graph = try Registry.linked().variant("classifiertemplate").graph()
    #expect(graph.parameterCount == 1_218_600)
  }
}
