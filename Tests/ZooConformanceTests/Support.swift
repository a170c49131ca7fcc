import Testing
import ZooConformance
import ZooKit

/// Expects the check to find the fault and to report it in these words.
func expect(
  _ check: Conformance.Check, _ family: any Architecture.Type, _ text: String,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let findings = try Conformance(family).findings([check])
  #expect(
    findings.contains { $0.message.contains(text) && $0.check == check }, "\(findings)",
    sourceLocation: sourceLocation)
}
