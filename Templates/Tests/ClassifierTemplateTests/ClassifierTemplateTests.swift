import ClassifierTemplate
import Testing
import ZooConformance
import ZooKit

struct ClassifierTemplateTests {
  /// What the rest of the zoo relies on.
  @Test func conforms() throws { try Conformance.check(ClassifierTemplate.self) }

  /// First what the paper says.
  @Test func hasThePublishedSize() throws {
    let graph = try Registry.linked().variant("classifiertemplate").graph()
    #expect(graph.parameterCount == 1_218_600)
  }
}
