import Foundation
import Synchronization
import Testing
import ZooKit
import ZooStore

/// The files that `Tests/Golden/hdf5/make.py` wrote with h5py.
func goldenHDF5(_ name: String) -> String {
  URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Golden/hdf5/\(name).h5").path
}

extension HDF5File {
  func values(_ path: String) throws -> [Float] {
    let dataset = try #require(self[path])
    return try Tensor(dataset.shape) { try read(dataset, into: $0) }.values
  }
}

@Suite struct HDF5FileTests {
  /// 0, ¼, ½ … as make.py has them.
  func quarters(_ count: Int) -> [Float] { (0..<count).map { Float($0 % 2048) / 4 } }

  @Test(arguments: ["f2", "f4", "f8"]) func floats(_ name: String) throws {
    let file = try HDF5File(goldenHDF5("types"))
    #expect(file["/\(name)"]?.shape == [3, 5])
    #expect(try file.values("/\(name)") == quarters(15))
  }

  @Test(arguments: [
    ("i1", ElementType.int8), ("u1", .uint8), ("i2", .int16), ("i4", .int32), ("i8", .int64),
  ])
  func integers(_ name: String, _ type: ElementType) throws {
    let file = try HDF5File(goldenHDF5("types"))
    #expect(file["/\(name)"]?.type == type)
    #expect(try file.values("/\(name)") == (0..<15).map(Float.init))
  }

  @Test func otherTypes() throws {
    let file = try HDF5File(goldenHDF5("types"))
    #expect(try file.values("/bool") == [1, 0, 1])
    #expect(try file.values("/scalar") == [1.5])
    #expect(try file.values("/empty") == [])
    let special = try file.values("/special")
    #expect(special[0] == .infinity && special[1] == -.infinity && special[2].isNaN)
    #expect(special[3] == 0x1p-24 && special[4].sign == .minus && special[5] == 65504)
  }

  @Test(arguments: ["bf16", "bf16_opaque", "bf16_type"]) func bfloat16(_ name: String) throws {
    let file = try HDF5File(goldenHDF5("types"))
    #expect(file["/\(name)"]?.type == .bfloat16)
    #expect(try file.values("/\(name)") == quarters(6))
  }

  @Test(arguments: [("big", "big-endian"), ("u4", "unsigned"), ("compound", "neither")])
  func unreadableTypes(_ name: String, _ word: String) throws {
    let file = try HDF5File(goldenHDF5("types"))
    let error = #expect(throws: ZooError.self) { try file.values("/\(name)") }
    #expect(error?.kind == .corrupt)
    #expect(error?.message.contains(word) == true && error?.message.contains("/\(name)") == true)
  }

  @Test(arguments: ["compact"]) func compact(_ name: String) throws {
    try #expect(HDF5File(goldenHDF5("compact")).values("/compact") == quarters(70))
  }

  @Test(arguments: ["gzip", "shuffled", "summed", "all", "plain", "tied"])
  func chunks(_ name: String) throws {
    let file = try HDF5File(goldenHDF5("layouts"))
    #expect(file["/\(name)"]?.shape == [10, 7])
    #expect(try file.values("/\(name)") == quarters(70))
  }

  @Test func oddAndDeepChunks() throws {
    let file = try HDF5File(goldenHDF5("layouts"))
    #expect(try file.values("/odd") == (0..<9).map(Float.init))
    #expect(try file.values("/deep") == quarters(360))
  }

  @Test(arguments: ["hole", "missing"]) func numbersThatWereNeverWritten(_ name: String) {
    let error = #expect(throws: ZooError.self) { try HDF5File(goldenHDF5(name)) }
    #expect(error?.kind == .corrupt)
    #expect(error?.message.contains("/x") == true && error?.message.contains("stores") == true)
  }

  @Test func kerasFile() throws {
    let file = try HDF5File(goldenHDF5("keras"))
    let root = file.attributes(of: "/")
    #expect(root["layer_names"]?.strings == ["conv1", "dense"])
    #expect(root["backend"]?.string == "tensorflow")
    #expect(root["keras_version"]?.string == "2.15.0")
    #expect(root["model_config"]?.string?.hasSuffix(#""note": "ü"}"#) == true)
    #expect(root["weight_names1"]?.strings?.last == "w00999")
    #expect(root["numbers"]?.numbers == [1.5, 2.5])
    #expect(root["count"]?.integers == [7])
    #expect(root["words"]?.strings == ["one", "zwei", "trois"])
    #expect(file.attributes(of: "/conv1")["weight_names"]?.strings?.count == 2)
    #expect(file.groups == ["/", "/conv1", "/conv1/conv1", "/dense", "/dense/dense"])
    #expect(
      file.datasets.map(\.path)
        == ["/conv1/conv1/bias:0", "/conv1/conv1/kernel:0", "/dense/dense/kernel:0"])
    #expect(try file.values("/conv1/conv1/kernel:0") == quarters(72))
  }

  @Test func aChecksumThatDoesNotHold() throws {
    let file = try HDF5File(goldenHDF5("sum"))
    let error = #expect(throws: ZooError.self) { try file.values("/x") }
    #expect(error?.kind == .corrupt && error?.message.contains("/x") == true)
  }

  @Test(arguments: [
    ("external-data", "another file"), ("external-link", "out of the file"),
    ("soft-link", "soft link"), ("virtual", "virtual"), ("virtual-unlimited", "virtual"),
    ("filter", "filter 32000"), ("fill", "stores 0"), ("fill-chunked", "stores 0"),
    ("cycle", "back to itself"), ("ladder", "objects"), ("deep", "nested"), ("wrap", "elements"),
    ("text", "too large"), ("overlap", "shares bytes"), ("user-block", "not an HDF5 file"),
    ("zero-chunk", "damaged"),
  ])
  func hostile(_ name: String, _ word: String) throws {
    let start = ContinuousClock.now
    let error = #expect(throws: ZooError.self) { try HDF5File(goldenHDF5("hostile-\(name)")) }
    #expect(error?.kind == .corrupt)
    #expect(error?.message.contains("hostile-\(name).h5") == true)
    #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("\n") == false)
    #expect(ContinuousClock.now - start < .seconds(5))
  }

  /// The child is a fork of a process whose other threads compute and allocate. Neither side may
  /// wait for a lock that the other held.
  @Test func filesOpenWhileOtherThreadsCompute() throws {
    let isDone = Atomic(false)
    let failure = Mutex<(any Error)?>(nil)
    DispatchQueue.concurrentPerform(iterations: 3) { thread in
      do {
        if thread == 0 {
          defer { isDone.store(true, ordering: .relaxed) }
          for _ in 0..<200 { _ = try HDF5File(goldenHDF5("keras")) }
        }
        let side = 192
        while !isDone.load(ordering: .relaxed) {
          let ones = Array(repeating: 1 as Float, count: side * side)
          var product = ones
          let matrix = BLAS.Matrix(ones, stride: side)
          try BLAS.shared.multiply(
            matrix, matrix, into: &product, stride: side, side, side, side)
        }
      } catch { failure.withLock { $0 = $0 ?? error } }
    }
    try failure.withLock { if let error = $0 { throw error } }
  }

  @Test func manyAxes() throws {
    let file = try HDF5File(goldenHDF5("hostile-rank"))
    #expect(file["/x"]?.shape.rank == 32)
  }

  @Test func filesThatAreNot() {
    #expect(throws: ZooError.notFound("/no/such.h5 does not exist")) {
      try HDF5File("/no/such.h5")
    }
    #expect(throws: ZooError.notFound("/tmp is not a file")) { try HDF5File("/tmp") }
    #expect(throws: ZooError.corrupt("\(#filePath) is not an HDF5 file")) {
      try HDF5File(#filePath)
    }
  }
}
