import MobileNet
import TestSupport
import Testing
import ZooConformance

/// Depthwise convolutions lose a digit more than others.
private let tolerance = 2e-5

@Suite(.serialized)
struct MobileNetV1Tests {
  @Test func conforms() throws { try Conformance.check(MobileNetV1.self) }

  @Test func agreesWithItsReference() throws {
    try Reference.check(MobileNetV1.self, within: tolerance)
  }
}

@Suite(.serialized)
struct MobileNetV2Tests {
  @Test func conforms() throws { try Conformance.check(MobileNetV2.self) }

  @Test func agreesWithItsReference() throws {
    let mini = try #require(MobileNetV2.miniatures["mobilenet_v2"])
    try Reference.check(MobileNetV2.self, within: tolerance, steps: ["mini-mobilenet_v2": mini])
  }
}

@Suite(.serialized)
struct MobileNetV3Tests {
  @Test func conforms() throws { try Conformance.check(MobileNetV3.self) }

  @Test func agreesWithItsReference() throws {
    let mini = try #require(MobileNetV3.miniatures["mobilenet_v3"])
    try Reference.check(MobileNetV3.self, within: tolerance, steps: ["mini-mobilenet_v3": mini])
  }
}
