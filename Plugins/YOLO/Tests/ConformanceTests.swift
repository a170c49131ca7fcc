import Testing
import YOLO
import ZooConformance

@Suite struct ConformanceTests {
  @Test func conforms() throws { try Conformance.check(YOLO.self) }
}
