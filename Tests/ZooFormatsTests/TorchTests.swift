import TestSupport
import Testing
import ZooFormats
import ZooKit
import ZooStore

@Suite struct TorchTests {
  func open(_ name: String) throws -> TorchCheckpoint {
    try #require(try ForeignCheckpoint.open(Golden.path(name)) as? TorchCheckpoint)
  }

  @Test(arguments: ["dtypes.pth", "dtypes_plain.pth"])
  func everyTypeIsReadAsFloats(_ name: String) throws {
    let source = try open(name)
    let expected = Golden.values(12)
    let types = source.tensors.map(\.type)
    #expect(
      types == [
        .float64, .float32, .float16, .bfloat16, .int64, .int32, .int16, .int8, .uint8, .bool,
      ])
    for tensor in source.tensors {
      #expect(tensor.shape == [3, 4])
      let values = try source.tensor(tensor.name).values
      switch tensor.type {
      case .uint8: #expect(values == expected.map { $0 + 50 })
      case .bool: #expect(values == expected.map { $0 > 0 ? 1 : 0 })
      default: #expect(values == expected, "\(tensor.name)")
      }
    }
  }

  @Test(arguments: ["views.pth", "views_plain.pth", "protocol4.pth"])
  func viewsAreReadThroughTheirStrides(_ name: String) throws {
    let source = try open(name)
    let base = Golden.values(60)
    func at(_ i: Int, _ j: Int, _ k: Int) -> Float { base[i * 10 + j * 2 + k] }
    #expect(try source.tensor("base").values == base)
    var transposed: [Float] = []
    for k in 0..<2 { for i in 0..<6 { for j in 0..<5 { transposed.append(at(i, j, k)) } } }
    #expect(try source.tensor("transposed").values == transposed)
    var strided: [Float] = []
    for i in [0, 2, 4] { for j in 1..<4 { for k in 0..<2 { strided.append(at(i, j, k)) } } }
    #expect(try source.tensor("strided").values == strided)
    #expect(try source.tensor("offset").values == Array(base[20..<30]))
    let row = Golden.values(4)
    #expect(try source.tensor("expanded").values == row + row + row)
    #expect(try source.tensor("scalar").values == [-13])
    #expect(try source.tensor("scalar").shape == [])
    #expect(try source.tensor("empty").shape == [0, 3])
    #expect(try source.tensor("single").values == [at(3, 2, 0), at(3, 2, 1)])
    #expect(try source.tensor("parameter").values == Golden.values(6))
    let half = Golden.values(16)
    #expect(
      try source.tensor("half_transposed").values
        == (0..<16).map { half[$0 % 4 * 4 + $0 / 4] })
  }

  @Test(arguments: [
    ("wrapped_state_dict.pth", "state_dict"), ("wrapped_plain.pth", "state_dict"),
    ("wrapped_model_state_dict.pth", "model_state_dict"), ("wrapped_model.pth", "model"),
  ])
  func wrappersAreUnwrapped(_ name: String, _ key: String) throws {
    let source = try open(name)
    #expect(source.wrapper == [key])
    #expect(
      source.tensors.map(\.name) == [
        "module.0.weight", "module.0.bias", "module.1.weight", "module.1.bias",
        "module.1.running_mean", "module.1.running_var", "module.1.num_batches_tracked",
      ])
    #expect(try source.tensor("module.0.weight").values == Golden.values(18))
    #expect(try source.tensor("module.1.running_var").values == Golden.values(2))
    #expect(try source.tensor("module.1.num_batches_tracked").values == [1])
  }

  @Test func tensorsOfOtherKindsAreSkippedAndNamed() throws {
    let source = try open("unusual.pth")
    #expect(source.tensors.map(\.name) == ["a"])
    #expect(source.skipped == ["b", "c"])
  }

  @Test func aWholeObjectIsRefused() throws {
    let error = try #require(throws: ZooError.self) { try open("whole_object.pth") }
    #expect(error.kind == .corrupt)
    #expect(error.message.contains("torch.nn.modules.container.Sequential"))
  }

  @Test func openingReadsNoNumbers() throws {
    // A wrong byte in a storage is detected only when that tensor is read.
    var bytes = try Golden.bytes("dtypes.pth")
    let pattern = Golden.values(12).flatMap { withUnsafeBytes(of: $0, Array.init) }
    let place = try #require(
      bytes.indices.first { bytes[$0...].starts(with: pattern) })
    bytes[place] ^= 1
    let scratch = try Scratch()
    let source = try ForeignCheckpoint.open(try scratch.file("flipped.pth", bytes))
    #expect(try source.tensor("f64").values == Golden.values(12))
    let error = #expect(throws: ZooError.self) { try source.tensor("f32") }
    #expect(error?.message.contains("checksum") == true)
  }

  @Test(.enabled(if: Fixtures.areHere, "the published checkpoints are not here"))
  func thePublishedResNet20IsItsSafetensorsTwin() throws {
    let pickle = try ForeignCheckpoint.open(Fixtures.path("cifar10/resnet20-12fca82f.th"))
    let twin = try ForeignCheckpoint.open(Fixtures.path("cifar10/resnet20_cifar10.safetensors"))
    #expect(pickle.format == "PyTorch pickle")
    #expect((pickle as? TorchCheckpoint)?.wrapper == ["state_dict"])
    let floats = twin.tensors.filter(\.type.isFloat)
    #expect(floats.count > 60)
    for tensor in floats {
      let name = tensor.name.hasPrefix("module.") ? tensor.name : "module.\(tensor.name)"
      #expect(try pickle.tensor(name).values == twin.tensor(tensor.name).values, "\(name)")
    }
  }

  @Test(.enabled(if: Fixtures.areHere, "the published checkpoints are not here"))
  func thePublishedAlexNetOpens() throws {
    let source = try ForeignCheckpoint.open(
      Fixtures.path("imagenet_conv_weights/alexnet_features_imagenet.pth"))
    #expect(source.format == "PyTorch zip")
    #expect(source.tensors.count == 10)
    #expect(source.tensors.first?.shape == [64, 3, 11, 11])
    #expect(outcome(source.origin, ForeignCheckpoint.open) == nil)
  }
}
