import Testing
import ZooFormats
import ZooKit
import ZooStore

@Suite struct KerasTests {
  /// In the order in which make.py filled them.
  static let model: [(name: String, shape: Shape)] = [
    ("first.weight", [3, 3, 3, 4]), ("first.bias", [4]),
    ("first_bn.weight", [4]), ("first_bn.bias", [4]), ("first_bn.running_mean", [4]),
    ("first_bn.running_var", [4]), ("wise.weight", [3, 3, 4, 2]), ("unscaled.bias", [8]),
    ("unscaled.running_mean", [8]), ("unscaled.running_var", [8]), ("up.weight", [2, 2, 5, 8]),
    ("up.bias", [5]), ("fc1.weight", [60, 6]), ("fc1.bias", [6]), ("dense.weight", [6, 3]),
    ("dense.bias", [3]),
  ]

  @Test(arguments: [
    ("model_legacy.h5", "Keras HDF5"), ("model.keras", "Keras 3 model"),
    ("nameless.keras", "Keras 3 model"), ("model.weights.h5", "Keras 3 weights"),
  ])
  func modelsOfKeras3(_ file: String, _ format: String) throws {
    let source = try ForeignCheckpoint.open(Golden.path(file))
    #expect(source.format == format)
    #expect(source.layout == .channelsLast)
    #expect(source.tensors.count == KerasTests.model.count)
    for (index, (name, shape)) in KerasTests.model.enumerated() {
      // Weights alone cannot distinguish a norm without a scale from one without an offset.
      if file == "model.weights.h5", name.hasPrefix("unscaled.") { continue }
      let tensor = try source.tensor(name)
      #expect(tensor.shape == shape, "\(name)")
      let same = tensor.values == Golden.values(shape.count, start: 1000 * index)
      #expect(same, "\(name)")
    }
  }

  @Test func whatIsAmbiguousKeepsItsNumber() throws {
    let source = try ForeignCheckpoint.open(Golden.path("model.weights.h5"))
    #expect(try source.tensor("unscaled.0").values == Golden.values(8, start: 7000))
  }

  @Test(arguments: [
    "legacy_fixed.h5", "legacy_variable.h5", "legacy_chunked.h5", "legacy_nested.h5",
  ])
  func theOlderLayout(_ file: String) throws {
    let source = try ForeignCheckpoint.open(Golden.path(file))
    let expected: [(String, Shape)] = [
      ("conv1/conv.weight", [3, 3, 2, 4]), ("conv1/bn.weight", [4]), ("conv1/bn.bias", [4]),
      ("conv1/bn.running_mean", [4]), ("conv1/bn.running_var", [4]), ("fc.weight", [4, 3]),
      ("fc.bias", [3]),
    ]
    #expect(source.tensors.map(\.name) == expected.map(\.0))
    for (index, (name, shape)) in expected.enumerated() {
      #expect(try source.tensor(name).values == Golden.values(shape.count, start: 1000 * index))
    }
  }

  @Test func namesOfTheOldestFiles() throws {
    let source = try ForeignCheckpoint.open(Golden.path("legacy_oldest.h5"))
    #expect(source.tensors.map(\.name) == ["block1_conv1.weight", "block1_conv1.bias"])
    #expect(try source.tensor("block1_conv1.bias").values == Golden.values(3, start: 1000))
  }
}
