import AlexNet
import DenseNet
import FasterRCNN
import ResNet
import Testing
import UNet
import VGG
import YOLO
import ZooConformance
import ZooKit

/// The families that were there before the kit was.
@Suite(.serialized)
struct FamilyTests {
  /// Those of larger networks that only look at them; the others take minutes.
  static let asData: [Conformance.Check] = [.shapes, .names, .stages, .head]

  @Test func alexNetConforms() throws { try Conformance.check(AlexNet.self) }
  @Test func vggConforms() throws { try Conformance.check(VGG.self) }
  @Test func resNetConforms() throws { try Conformance.check(ResNet.self) }
  @Test func denseNetConforms() throws { try Conformance.check(DenseNet.self) }
  @Test func uNetConforms() throws {
    try Conformance.check(UNet.self, FamilyTests.asData)
  }
  @Test func yoloConforms() throws {
    try Conformance.check(YOLO.self, FamilyTests.asData)
  }
  @Test func fasterRCNNConforms() throws {
    try Conformance.check(FasterRCNN.self, FamilyTests.asData)
  }
}
