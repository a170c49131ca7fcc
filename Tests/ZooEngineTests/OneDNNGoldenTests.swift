import AlexNet
import DenseNet
import ResNet
import TestSupport
import Testing
import VGG
import ZooEngine
import ZooKit

/// The published networks on oneDNN, beside what `Reference.check` compares without Winograd.
@Suite(.serialized, .enabled(if: OneDNN.isHere, "oneDNN is not installed"))
struct OneDNNGoldenTests {
  @Test(
    arguments: try [
      GoldenArchitecture.all(of: AlexNet.self), GoldenArchitecture.all(of: DenseNet.self),
      GoldenArchitecture.all(of: ResNet.self), GoldenArchitecture.all(of: VGG.self),
    ].joined().filter { networks.contains($0.name) })
  func computesWhatTheReferenceDoesThroughWinograd(_ network: GoldenArchitecture) throws {
    let program = try network.program(Formula.weights(for: network.graph), compiled: true)
    let errors = try network.errors(of: program, on: OneDNNEngine())
    #expect(errors.count == 3 * network.stages.count + 1)
    for (place, error) in errors { #expect(error <= 1e-4, "\(place): \(error)") }
  }

  /// In bfloat16, where the processor knows it, what is asked for is the answer at the end.
  @Test(
    .enabled(if: OneDNN.hasBFloat16, "the processor does not know bfloat16"),
    arguments: try [
      GoldenArchitecture.all(of: AlexNet.self), GoldenArchitecture.all(of: DenseNet.self),
      GoldenArchitecture.all(of: ResNet.self), GoldenArchitecture.all(of: VGG.self),
    ].joined().filter { networks.contains($0.name) })
  func answersInBFloat16(_ network: GoldenArchitecture) throws {
    let program = try network.program(Formula.weights(for: network.graph), compiled: true)
    let errors = try network.errors(of: program, on: OneDNNEngine(precision: .bf16))
    let logits = try #require(errors["logits"])
    #expect(logits <= 2e-2, "\(network): \(logits)")
    // A network of Winograd's way alone would gain nothing.
    #expect((logits > 1e-5) == (network.name != "resnet20"), "\(network): \(logits)")
  }

  /// Two runs on as many threads give the same bits, and so do two plans.
  @Test(
    arguments: try [
      GoldenArchitecture.all(of: AlexNet.self), GoldenArchitecture.all(of: DenseNet.self),
      GoldenArchitecture.all(of: ResNet.self),
    ].joined().filter { ["alexnet", "densenet121", "resnet50"].contains($0.name) })
  func repeatsToTheBit(_ network: GoldenArchitecture) throws {
    let weights = try Formula.weights(for: network.graph)
    let program = try Program(network.graph, weights).folded().fused().poolingFirst()
    let input = try Formula.tensor("image", [2, 3, 224, 224])
    let plan = try OneDNNEngine().compile(program, batch: 2)
    let expected = try plan.outputs(program, [input])
    #expect(try plan.outputs(program, [input]) == expected)
    #expect(try OneDNNEngine().compile(program, batch: 2).outputs(program, [input]) == expected)
  }

  private static let networks: Set = [
    "alexnet", "vgg16", "vgg16_bn", "resnet18", "resnet20", "resnet50", "resnet50-keras",
    "densenet121", "densenet161",
  ]
}
