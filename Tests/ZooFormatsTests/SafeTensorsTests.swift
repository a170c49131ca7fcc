import Foundation
import TestSupport
import Testing
import ZooFormats
import ZooKit
import ZooStore

@Suite struct SafeTensorsTests {
  @Test func everyTypeIsReadAsFloats() throws {
    let source = try SafeTensors(Golden.path("dtypes.safetensors"))
    let expected = Golden.values(12)
    #expect(source.skipped == ["f8"])
    #expect(source.metadata == ["format": "pt", "note": "a \"quoted\", [word]"])
    #expect(source.tensors.count == 12)
    for tensor in source.tensors where tensor.shape == [3, 4] {
      let values = try source.tensor(tensor.name).values
      switch tensor.type {
      case .uint8: #expect(values == expected.map { $0 + 50 })
      case .bool: #expect(values == expected.map { $0 > 0 ? 1 : 0 })
      default: #expect(values == expected, "\(tensor.name)")
      }
    }
    #expect(try source.tensor("scalar").values == [-13])
    #expect(try source.tensor("empty").count == 0)
  }

  @Test func whatIsWrittenIsReadBackAndTheSameEveryTime() throws {
    let scratch = try Scratch()
    var weights = Weights()
    weights["z.weight"] = try Formula.parameter("z.weight", [4, 3, 2, 2])
    weights["a \"name\" – ünïcode"] = try Formula.tensor("a", [7])
    weights["scalar"] = try Tensor([], [Float(2.5)])
    weights["empty"] = try Tensor(zeros: [0, 3])
    let path = "\(scratch.folder)/out.safetensors"
    try SafeTensors.write(weights, to: path)
    let first = try Data(contentsOf: URL(filePath: path))
    try SafeTensors.write(weights, to: path)
    #expect(try Data(contentsOf: URL(filePath: path)) == first)
    #expect(first[0] % 8 == 0)
    let source = try SafeTensors(path)
    #expect(source.tensors.map(\.name) == weights.names)
    #expect(source.metadata == ["format": "pt"])
    for (name, tensor) in weights {
      #expect(try source.tensor(name).values == tensor.values)
      #expect(try source.tensor(name).shape == tensor.shape)
    }
  }

  @Test func ourOwnStoreIsRecognized() throws {
    let scratch = try Scratch()
    let path = "\(scratch.folder)/own.h5"
    let kernel = try Formula.parameter("conv.weight", [4, 3, 2, 2])
    try WeightStore.write(to: path, meta: ["variant": "tiny"], weights: [("conv.weight", kernel)])
    let source = try ForeignCheckpoint.open(path)
    #expect(source is WeightStore)
    #expect(try source.tensor("conv.weight").values == kernel.values)
  }

  @Test(.enabled(if: Fixtures.areHere, "the published checkpoints are not here"))
  func thePublishedVGG16Opens() throws {
    let source = try ForeignCheckpoint.open(
      Fixtures.path("imagenet_conv_weights/vgg16_features_imagenet.safetensors"))
    #expect(source.tensors.count == 26)
    #expect(source.tensors.reduce(0) { $0 + $1.shape.count } == 14_714_688)
    #expect(try source.tensor("features.0.weight").shape == [64, 3, 3, 3])
  }
}
