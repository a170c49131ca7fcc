import MobileNet
import TestSupport
import Testing
import ZooConformance
import ZooEngine
import ZooKit

@Suite(.serialized)
struct MobileNetV1Tests {
  @Test func conforms() throws { try Conformance.check(MobileNetV1.self) }

  @Test(arguments: try GoldenArchitecture.all(of: MobileNetV1.self))
  func hasThePublishedSize(_ network: GoldenArchitecture) {
    #expect(network.graph.parameterCount == network.publishedParameters)
    #expect(network.graph.macs == network.publishedMACs)
  }

  /// As it was written, and folded and fused; on every engine.
  @Test(arguments: try GoldenArchitecture.all(of: MobileNetV1.self), [false, true])
  func computesWhatTheReferenceDoes(_ network: GoldenArchitecture, compiled: Bool) throws {
    for engine in compiled ? GoldenStep.engines : [LayerEngine()] {
      let errors = try network.errors(compiled: compiled, engine: engine)
      #expect(errors.count == 3 * 6 + 1)
      for (place, error) in errors {
        #expect(error <= 2e-5, "\(engine.name), \(place): \(error)")
      }
    }
  }

  @Test(arguments: [
    ("mobilenet_v1", "conv1.weight", [32, 3, 3, 3] as Shape),
    ("mobilenet_v1", "conv_dw_13.weight", [1024, 1, 3, 3] as Shape),
    ("mobilenet_v1_050", "conv_pw_6_bn.running_var", [256] as Shape),
    ("mobilenet_v1_025", "conv_preds.weight", [1000, 256, 1, 1] as Shape),
  ])
  func hasTheNamesOfItsLineage(variant: String, parameter: String, shape: Shape) throws {
    #expect(try GoldenArchitecture.shapes(of: MobileNetV1.self, variant)[parameter] == shape)
  }
}

@Suite(.serialized)
struct MobileNetV2Tests {
  @Test func conforms() throws { try Conformance.check(MobileNetV2.self) }

  @Test(arguments: try GoldenArchitecture.all(of: MobileNetV2.self))
  func hasThePublishedSize(_ network: GoldenArchitecture) {
    #expect(network.graph.parameterCount == network.publishedParameters)
    #expect(network.graph.macs == network.publishedMACs)
  }

  /// As it was written, and folded and fused; on every engine.
  @Test(arguments: try GoldenArchitecture.all(of: MobileNetV2.self), [false, true])
  func computesWhatTheReferenceDoes(_ network: GoldenArchitecture, compiled: Bool) throws {
    for engine in compiled ? GoldenStep.engines : [LayerEngine()] {
      let errors = try network.errors(compiled: compiled, engine: engine)
      #expect(errors.count == 3 * 9 + 1)
      for (place, error) in errors {
        #expect(error <= 2e-5, "\(engine.name), \(place): \(error)")
      }
    }
  }

  @Test(arguments: [
    ("mobilenet_v2", "features.0.0.weight", [32, 3, 3, 3] as Shape),
    ("mobilenet_v2", "features.1.conv.0.0.weight", [32, 1, 3, 3] as Shape),
    ("mobilenet_v2", "features.2.conv.1.1.running_mean", [96] as Shape),
    ("mobilenet_v2", "features.17.conv.2.weight", [320, 960, 1, 1] as Shape),
    ("mobilenet_v2", "features.18.1.weight", [1280] as Shape),
    ("mobilenet_v2", "classifier.1.weight", [1000, 1280] as Shape),
  ])
  func hasTheNamesOfItsLineage(variant: String, parameter: String, shape: Shape) throws {
    #expect(try GoldenArchitecture.shapes(of: MobileNetV2.self, variant)[parameter] == shape)
  }

  @Test func learnsAsTheReferenceDoes() throws {
    let network = try #require(MobileNetV2.miniatures["mobilenet_v2"])
    for engine in GoldenStep.engines {
      for (name, error) in try GoldenStep("mini-mobilenet_v2", of: network).errors(engine: engine) {
        #expect(error <= 2e-5, "\(engine.name), \(name): \(error)")
      }
    }
  }
}

@Suite(.serialized)
struct MobileNetV3Tests {
  @Test func conforms() throws { try Conformance.check(MobileNetV3.self) }

  @Test(arguments: try GoldenArchitecture.all(of: MobileNetV3.self))
  func hasThePublishedSize(_ network: GoldenArchitecture) {
    #expect(network.graph.parameterCount == network.publishedParameters)
    #expect(network.graph.macs == network.publishedMACs)
  }

  /// As it was written, and folded and fused; on every engine.
  @Test(arguments: try GoldenArchitecture.all(of: MobileNetV3.self), [false, true])
  func computesWhatTheReferenceDoes(_ network: GoldenArchitecture, compiled: Bool) throws {
    for engine in compiled ? GoldenStep.engines : [LayerEngine()] {
      let errors = try network.errors(compiled: compiled, engine: engine)
      #expect(errors.count == 3 * network.stages.count + 1)
      for (place, error) in errors {
        #expect(error <= 2e-5, "\(engine.name), \(place): \(error)")
      }
    }
  }

  @Test(arguments: [
    ("mobilenet_v3_large", "features.4.block.2.fc1.weight", [24, 72, 1, 1] as Shape),
    ("mobilenet_v3_large", "features.15.block.1.0.weight", [960, 1, 5, 5] as Shape),
    ("mobilenet_v3_large", "features.16.0.weight", [960, 160, 1, 1] as Shape),
    ("mobilenet_v3_small", "features.1.block.1.fc2.bias", [16] as Shape),
    ("mobilenet_v3_small", "features.11.block.3.1.weight", [96] as Shape),
    ("mobilenet_v3_small", "classifier.3.weight", [1000, 1024] as Shape),
    ("mobilenet_v3_large", "classifier.0.weight", [1280, 960] as Shape),
  ])
  func hasTheNamesOfItsLineage(variant: String, parameter: String, shape: Shape) throws {
    #expect(try GoldenArchitecture.shapes(of: MobileNetV3.self, variant)[parameter] == shape)
  }

  @Test func learnsAsTheReferenceDoes() throws {
    let network = try #require(MobileNetV3.miniatures["mobilenet_v3"])
    for engine in GoldenStep.engines {
      for (name, error) in try GoldenStep("mini-mobilenet_v3", of: network).errors(engine: engine) {
        #expect(error <= 2e-5, "\(engine.name), \(name): \(error)")
      }
    }
  }
}
