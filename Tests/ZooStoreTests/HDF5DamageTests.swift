import Foundation
import Synchronization
import TestSupport
import Testing
import ZooKit
import ZooStore

/// SplitMix64, so that mutants are the same everywhere.
struct Mutations {
  var state: UInt64
  mutating func next(below bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(bound))
  }
}

/// A damaged file must be rejected as corrupt or read unchanged.
@Suite struct HDF5DamageTests {
  let scratch = try! Scratchpad()

  /// The whole content of a store; throws if it cannot be read.
  func everything(_ path: String) throws -> [String: [UInt32]] {
    let store = try WeightStore(path)
    var all = try store.load(threads: 1).mapValues { $0.values.map(\.bitPattern) }
    let golden = try store.golden()
    all["/golden"] = golden?.output.values.map(\.bitPattern)
    if case .tensor(let input) = golden?.input {
      all["/input"] = input.values.map(\.bitPattern)
    }
    all["/tolerance"] = golden.map { [Float($0.tolerance).bitPattern] }
    all["/meta"] = store.meta.text().unicodeScalars.map(\.value)
    all["/order"] = store.tensors.flatMap { $0.name.unicodeScalars.map(\.value) }
    return all
  }

  /// Runs the bodies on two threads, each with a separate file.
  func onEach(_ count: Int, _ body: @Sendable (Int, String) throws -> Void) throws {
    let failure = Mutex<(any Error)?>(nil)
    DispatchQueue.concurrentPerform(iterations: 2) { thread in
      for index in stride(from: thread, to: count, by: 2) {
        do { try body(index, scratch["\(thread).h5"]) } catch {
          failure.withLock { $0 = $0 ?? error }
        }
      }
    }
    try failure.withLock { if let error = $0 { throw error } }
  }

  @Test func everyFlippedBitOfAStoreIsFoundOrHarmless() throws {
    try Sample.write(scratch["good.h5"])
    let good = [UInt8](try Data(contentsOf: URL(filePath: scratch["good.h5"])))
    let truth = try everything(scratch["good.h5"])
    let found = Mutex(0)
    try onEach(2000) { index, path in
      var random = Mutations(state: UInt64(index))
      var bytes = good
      // Half of them are in the structure's first pages, where a bit matters most.
      let place = random.next(below: index % 2 == 0 ? 2048 : bytes.count)
      bytes[place] ^= 1 << UInt8(random.next(below: 8))
      try Data(bytes).write(to: URL(filePath: path))
      do {
        #expect(try everything(path) == truth, "byte \(place) changed what the store says")
      } catch let error as ZooError {
        #expect(error.kind == .corrupt && error.message.contains(path), "\(error)")
        #expect(!error.message.contains("\n"))
        found.withLock { $0 += 1 }
      }
    }
    #expect(found.withLock { $0 } > 500)
  }

  /// The first format has no checksums, so a flipped bit may pass, but must not cause anything
  /// worse.
  @Test func mutantsOfAFileFromKeras() throws {
    let good = [UInt8](try Data(contentsOf: URL(filePath: goldenHDF5("keras"))))
    let refused = Mutex(0)
    try onEach(2000) { index, path in
      var random = Mutations(state: UInt64(index) | 1 << 32)
      var bytes = good
      for _ in 0...random.next(below: 4) {
        bytes[random.next(below: bytes.count)] ^= 1 << UInt8(random.next(below: 8))
      }
      try Data(bytes).write(to: URL(filePath: path))
      do {
        let file = try HDF5File(path)
        for dataset in file.datasets where dataset.type != nil { _ = try file.readBytes(dataset) }
      } catch let error as ZooError {
        #expect(error.kind == .corrupt && error.message.contains(path), "\(error)")
        refused.withLock { $0 += 1 }
      }
    }
    #expect(refused.withLock { $0 } > 100)
  }

  @Test(arguments: ["store", "keras", "layouts"]) func truncated(_ name: String) throws {
    let source = name == "store" ? scratch["good.h5"] : goldenHDF5(name)
    if name == "store" { try Sample.write(source) }
    let good = try Data(contentsOf: URL(filePath: source))
    for part in 0..<64 {
      let path = scratch["cut.h5"]
      try good.prefix(good.count * part / 64).write(to: URL(filePath: path))
      let error = #expect(throws: ZooError.self) { try HDF5File(path) }
      #expect(error?.kind == .corrupt)
      #expect(error?.message.contains(part == 0 ? "is not an HDF5" : "is truncated") == true)
    }
  }
}
