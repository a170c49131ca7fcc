import Foundation
import Synchronization
import TestSupport
import Testing
import ZooKit
import ZooStore

/// A folder for one test, removed with it.
final class Scratchpad: Sendable {
  let path = NSTemporaryDirectory() + "zoo-\(UUID().uuidString)"
  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  subscript(name: String) -> String { "\(path)/\(name)" }
  var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }
}

enum Sample {
  static let meta: JSON = [
    "version": 1, "family": "VGG", "classes": ["Kröte", "tabby"], "epsilon": 1e-5,
  ]

  static func weights() throws -> [(name: String, tensor: Tensor)] {
    let shapes: [(String, Shape)] = [
      ("features.0.weight", [8, 3, 3, 3]), ("features.0.bias", [8]), ("b.weight", [5, 7]),
      ("a.scale", []), ("a.none", [0, 3]), ("a.bias", [1]),
    ]
    return try shapes.map { ($0, try Formula.tensor($0, $1)) }
  }

  static func golden() throws -> Golden {
    Golden(
      input: .tensor(try Formula.tensor("in", [1, 3, 4, 4])),
      output: try Formula.tensor("out", [1, 2]), tolerance: 1e-5)
  }

  static func write(_ path: String) throws {
    try WeightStore.write(to: path, meta: meta, weights: weights(), golden: golden())
  }
}

@Suite struct StoreTests {
  let scratch = try! Scratchpad()

  @Test(arguments: [false, true]) func roundTrip(_ compressed: Bool) throws {
    let path = scratch["x.h5"]
    let weights = try Sample.weights()
    try WeightStore.write(
      to: path, meta: Sample.meta, weights: weights, compressed: compressed,
      golden: Sample.golden())
    let store = try WeightStore(path)
    #expect(store.meta.text() == Sample.meta.text())
    #expect(store.tensors.map(\.name) == weights.map(\.name))
    #expect(store.tensors.map(\.shape) == weights.map(\.tensor.shape))
    let loaded = try store.load()
    #expect(loaded.count == weights.count)
    for (name, tensor) in weights {
      #expect(loaded[name]?.values == tensor.values)
      #expect(try store.tensor(name).values == tensor.values)
    }
    let golden = try #require(try store.golden())
    #expect(golden.tolerance == 1e-5)
    #expect(golden.output.values == (try Sample.golden().output.values))
    guard case .tensor(let input) = golden.input else { throw ZooError.failure("no input") }
    #expect(input.shape == [1, 3, 4, 4])
  }

  @Test func goldenFromASeed() throws {
    let golden = Golden(
      input: .seed(-7, [1, 3, 8, 8]), output: try Formula.tensor("o", [3]), tolerance: 0.5)
    try WeightStore.write(to: scratch["x.h5"], meta: [:], weights: [], golden: golden)
    let read = try #require(try WeightStore(scratch["x.h5"]).golden())
    guard case .seed(-7, [1, 3, 8, 8]) = read.input else { throw ZooError.failure("no seed") }
    #expect(read.output.values == golden.output.values && read.tolerance == 0.5)
  }

  @Test(arguments: [ElementType.float16, .bfloat16], [false, true])
  func halves(_ type: ElementType, _ compressed: Bool) throws {
    let exact = try Tensor([6], [0, 1.5, -0.25, 256, .infinity, -0.0])
    let rounded = try Tensor([3], [1 + 0x1p-11, 1 + 0x1.8p-8, 3.14159274])
    try WeightStore.write(
      to: scratch["x.h5"], meta: [:], weights: [("exact", exact), ("rounded", rounded)],
      storage: type, compressed: compressed)
    let store = try WeightStore(scratch["x.h5"])
    #expect(store.tensors.map(\.type) == [type, type])
    #expect(try store.tensor("exact").values == exact.values)
    let expected: [Float] =
      type == .float16 ? [1, 1 + 0x1.8p-8, 3.140625] : [1, 1.0078125, 3.140625]
    #expect(try store.tensor("rounded").values == expected)
  }

  /// Loading reads at an offset, which is aligned for vector instructions.
  @Test func alignment() throws {
    try Sample.write(scratch["x.h5"])
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: scratch["x.h5"])))
    for (name, tensor) in try Sample.weights() where tensor.count > 1 {
      let wanted = tensor.withValues { Array(UnsafeRawBufferPointer($0)) }
      let found = stride(from: 0, to: bytes.count - wanted.count, by: 64).contains {
        bytes[$0..<$0 + wanted.count].elementsEqual(wanted)
      }
      #expect(found, "\(name) is not on a 64-byte boundary")
    }
  }

  @Test func theSameContentsAreTheSameBytes() throws {
    try Sample.write(scratch["a.h5"])
    try Sample.write(scratch["b.h5"])
    #expect(
      try Data(contentsOf: URL(filePath: scratch["a.h5"]))
        == Data(contentsOf: URL(filePath: scratch["b.h5"])))
  }

  /// The layout of Keras' legacy files, with a list of names longer than 64 KB.
  @Test func nestedGroupsAndLongAttributes() throws {
    var contents = HDF5Contents()
    try contents.add("/conv1/conv1/kernel:0", Formula.tensor("k", [3, 3, 2, 4]))
    try contents.add("/conv1/conv1/bias:0", Formula.tensor("b", [4]))
    contents.addGroup("/flatten")
    try contents.add("/steps", bytes: [7, 0, 0, 0, 0, 0, 0, 0], shape: [], type: .int64)
    let names = (0..<5000).map { "a layer with a long name/kernel:\($0)" }
    contents.set("layer_names", .texts(["conv1", "flatten"]), on: "/")
    contents.set("model_config", .text(String(repeating: "ü", count: 100_000)), on: "/")
    contents.set("weight_names", .texts(names), on: "/conv1")
    contents.set("weight_names", .texts([]), on: "/flatten")
    contents.set("numbers", .numbers([0.5, 2]), on: "/conv1/conv1/kernel:0")
    try contents.write(to: scratch["k.h5"])

    let file = try HDF5File(scratch["k.h5"])
    #expect(file.groups == ["/", "/conv1", "/conv1/conv1", "/flatten"])
    #expect(file.attributes(of: "/")["layer_names"]?.strings == ["conv1", "flatten"])
    #expect(file.attributes(of: "/")["model_config"]?.string?.count == 100_000)
    #expect(file.attributes(of: "/conv1")["weight_names"]?.strings == names)
    #expect(file.attributes(of: "/flatten")["weight_names"]?.strings == [])
    #expect(file["/conv1/conv1/kernel:0"]?.attributes["numbers"]?.numbers == [0.5, 2])
    #expect(try file.values("/steps") == [7])
    #expect(try file.values("/conv1/conv1/bias:0") == Formula.tensor("b", [4]).values)
  }

  @Test func namesThatCannotBe() throws {
    let tensor = try Tensor(zeros: [1])
    #expect(throws: ZooError.self) {
      try WeightStore.write(to: scratch["x"], meta: [:], weights: [("a/b", tensor)])
    }
    #expect(throws: ZooError.self) {
      try WeightStore.write(to: scratch["x"], meta: [:], weights: [("a", tensor), ("a", tensor)])
    }
    #expect(scratch.files == [])
  }

  @Test func otherHDF5FilesAreNoStore() {
    let error = #expect(throws: ZooError.self) { try WeightStore(goldenHDF5("keras")) }
    #expect(error?.kind == .corrupt && error?.message.contains("/meta") == true)
  }

  @Test func oneTensorUnderTwoNames() {
    let error = #expect(throws: ZooError.self) {
      try WeightStore(goldenHDF5("hostile-tied-store"))
    }
    #expect(error?.kind == .corrupt && error?.message.contains("b shares its bytes with a") == true)
  }

  /// A child that is forked while another thread writes must not wait for that thread's lock.
  @Test func readingAndWritingAtOnce() throws {
    let failure = Mutex<(any Error)?>(nil)
    DispatchQueue.concurrentPerform(iterations: 60) { index in
      do {
        let path = scratch["\(index).h5"]
        try Sample.write(path)
        #expect(try WeightStore(path).load(threads: 2).count == 6)
      } catch { failure.withLock { $0 = $0 ?? error } }
    }
    try failure.withLock { if let error = $0 { throw error } }
  }

  @Test func unknownTensor() throws {
    try Sample.write(scratch["x.h5"])
    #expect(throws: ZooError.notFound("\(scratch["x.h5"]) has no tensor nope")) {
      try WeightStore(scratch["x.h5"]).tensor("nope")
    }
  }
}
