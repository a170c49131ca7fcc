import Foundation
import TestSupport
import Testing
import ZooFormats
import ZooKit
import ZooStore

/// State dicts for PyTorch. `Tests/Golden/formats/make.py` shows how its own files are made;
/// `Tests/Golden/roundtrip/check.py` loads ours with it.
@Suite struct TorchWritingTests {
  private func written(_ weights: Weights, record: JSON? = nil) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    try TorchCheckpoint.write(weights, to: "\(folder.path)/x.pth", record: record)
    return Array(try Data(contentsOf: URL(filePath: "\(folder.path)/x.pth")))
  }

  private func weights() throws -> Weights {
    var weights = Weights()
    for (name, shape) in [
      ("features.0.weight", [5, 3, 2, 2]), ("bias", [5]), ("scalar", []), ("wide", [1, 7, 1]),
    ] { weights[name] = try Formula.tensor(name, Shape(shape)) }
    return weights
  }

  @Test func ourReaderReadsItBack() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/x.pth"
    let weights = try weights()
    try TorchCheckpoint.write(weights, to: path, record: ["classes": ["a", "b"]])
    let source = try #require(try ForeignCheckpoint.open(path) as? TorchCheckpoint)
    #expect(source.format == "PyTorch zip" && source.wrapper.isEmpty && source.skipped.isEmpty)
    #expect(source.tensors.map(\.name) == weights.names)
    for (name, tensor) in weights {
      let read = try source.tensor(name)
      #expect(read.shape == tensor.shape && read.values == tensor.values, "\(name)")
    }
    #expect(source.record()?["classes"]?.list?.compactMap(\.string) == ["a", "b"])
    #expect(try written(weights) == written(weights))
  }

  /// The pickle, opcode by opcode, in protocol 2.
  @Test func thePickleIsPyTorchs() throws {
    var one = Weights()
    one["w"] = try Tensor([2, 3], [1, 2, 3, 4, 5, 6])
    let bytes = try written(one)
    func text(_ text: String) -> [UInt8] { Crafted.text(text) }
    func integer(_ value: Int32) -> [UInt8] { [UInt8(ascii: "J")] + Crafted.little(value) }
    func words(_ text: String) -> [UInt8] { Array(text.utf8) }
    let dictionary = words("ccollections\nOrderedDict\n)R")
    var pickle: [UInt8] = [0x80, 2] + dictionary + words("(") + text("w")
    pickle += words("ctorch._utils\n_rebuild_tensor_v2\n((") + text("storage")
    pickle += words("ctorch\nFloatStorage\n") + text("0") + text("cpu") + integer(6) + words("tQ")
    pickle += integer(0) + words("(") + integer(2) + integer(3) + words("t(")
    pickle += integer(3) + integer(1) + words("t") + [0x89] + dictionary + words("tRu.")
    #expect(bytes.firstRange(of: pickle) != nil)
  }

  /// PyTorch maps storages, so each begins at a multiple of 64 bytes.
  @Test func storagesAreAligned() throws {
    let weights = try weights()
    let bytes = try written(weights)
    for (name, tensor) in weights {
      let values = tensor.values.flatMap { Crafted.little($0.bitPattern) }
      let place = try #require(bytes.firstRange(of: values)?.lowerBound, "\(name)")
      #expect(place % 64 == 0, "\(name) at \(place)")
    }
  }
}
