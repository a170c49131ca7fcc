import AlexNet
import DenseNet
import FasterRCNN
import ResNet
import Testing
import VGG
import ZooConformance
import ZooKit

/// The families that were there before the kit was.
@Suite(.serialized)
struct FamilyTests {
  @Test func alexNetConforms() throws { try Conformance.check(AlexNet.self) }
  @Test func vggConforms() throws { try Conformance.check(VGG.self) }
  @Test func resNetConforms() throws { try Conformance.check(ResNet.self) }
  @Test func denseNetConforms() throws { try Conformance.check(DenseNet.self) }
}
