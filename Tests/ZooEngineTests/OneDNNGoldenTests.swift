import AlexNet
import DenseNet
import ResNet
import TestSupport
import Testing
import VGG
import ZooEngine
import ZooKit

/// The published networks on oneDNN, compared with what their reference implementations compute.
@Suite(.serialized, .enabled(if: OneDNN.isHere, "oneDNN is not installed"))
struct OneDNNGoldenTests {
  @Test(
    arguments: try [
      GoldenArchitecture.all(of: AlexNet.self), GoldenArchitecture.all(of: DenseNet.self),
      GoldenArchitecture.all(of: ResNet.self), GoldenArchitecture.all(of: VGG.self),
    ].joined().filter { networks.contains($0.name) }, [false, true])
  func computesWhatTheReferenceDoes(_ network: GoldenArchitecture, winograd: Bool) throws {
    let errors = try network.errors(compiled: true, engine: OneDNNEngine(winograd: winograd))
    #expect(errors.count == 3 * network.stages.count + 1)
    for (place, error) in errors {
      #expect(error <= (winograd ? 1e-4 : 1e-5), "\(place): \(error)")
    }
  }

  private static let networks: Set = [
    "alexnet", "vgg16", "vgg16_bn", "resnet18", "resnet20", "resnet50", "resnet50-keras",
    "densenet121", "densenet161",
  ]
}
