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
  @Test func alexNetConforms() throws { try Conformance.check(AlexNet.self) }
  @Test func vggConforms() throws { try Conformance.check(VGG.self) }
  @Test func resNetConforms() throws { try Conformance.check(ResNet.self) }
  @Test func denseNetConforms() throws { try Conformance.check(DenseNet.self) }
  @Test func uNetConforms() throws { try Conformance.check(UNet.self) }
  @Test func yoloConforms() throws { try Conformance.check(YOLO.self) }
  @Test func fasterRCNNConforms() throws { try Conformance.check(FasterRCNN.self) }
}
