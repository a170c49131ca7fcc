import ResNet
import TestSupport
import Testing
import ZooConformance
import ZooKit

@Suite(.serialized)
struct ResNetTests {
  @Test func conforms() throws { try Conformance.check(ResNet.self) }

  @Test(arguments: try GoldenArchitecture.all(of: ResNet.self))
  func hasThePublishedSize(_ network: GoldenArchitecture) {
    #expect(network.graph.parameterCount == network.publishedParameters)
    #expect(network.graph.macs == network.publishedMACs)
  }

  /// As it was written, and folded and fused.
  @Test(arguments: try GoldenArchitecture.all(of: ResNet.self), [false, true])
  func computesWhatTheReferenceDoes(_ network: GoldenArchitecture, compiled: Bool) throws {
    let errors = try network.errors(compiled: compiled)
    #expect(errors.count == 3 * network.stages.count + 1)
    for (place, error) in errors { #expect(error <= 1e-5, "\(place): \(error)") }
  }

  @Test(arguments: [
    ("resnet18", "layer2.0.downsample.0.weight", [128, 64, 1, 1] as Shape),
    ("resnet50", "layer1.0.conv3.weight", [256, 64, 1, 1] as Shape),
    ("resnet50", "layer4.2.bn2.running_var", [512] as Shape),
    ("resnet152", "layer3.35.conv2.weight", [256, 256, 3, 3] as Shape),
    ("resnet101", "fc.weight", [1000, 2048] as Shape),
    ("resnet20", "layer3.2.conv2.weight", [64, 64, 3, 3] as Shape),
    ("resnet110", "linear.weight", [10, 64] as Shape),
    ("resnet50-keras", "conv1_conv.bias", [64] as Shape),
    ("resnet50-keras", "conv5_block1_0_conv.weight", [2048, 1024, 1, 1] as Shape),
    ("resnet152-keras", "predictions.weight", [1000, 2048] as Shape),
  ])
  func hasTheNamesOfItsLineage(variant: String, parameter: String, shape: Shape) throws {
    #expect(try GoldenArchitecture.shapes(of: ResNet.self, variant)[parameter] == shape)
  }

  @Test(arguments: [
    ("mini-resnet-basic", "resnet18", 4), ("mini-resnet-bottleneck", "resnet50", 4),
    ("mini-resnet-cifar", "resnet20", 3),
  ])
  func learnsAsTheReferenceDoes(miniature: String, variant: String, stages: Int) throws {
    var network = try #require(ResNet.variants[variant])
    network.depths = Array(repeating: 1, count: stages)
    network.width = 4
    for engine in GoldenStep.engines {
      for (name, error) in try GoldenStep(miniature, of: network).errors(engine: engine) {
        #expect(error <= 2e-5, "\(engine.name), \(name): \(error)")
      }
    }
  }

  @Test(arguments: try GoldenArchitecture.all(of: ResNet.self).prefix(3))
  func wastesLittleMemory(_ network: GoldenArchitecture) throws {
    for overhead in try network.arenaOverheads() { #expect(overhead <= 1.15) }
  }
}
