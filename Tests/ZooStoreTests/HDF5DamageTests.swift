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
  func onEach(_ rounds: Range<Int>, _ body: @Sendable (Int, String) throws -> Void) throws {
    let failure = Mutex<(any Error)?>(nil)
    DispatchQueue.concurrentPerform(iterations: 2) { thread in
      for index in rounds where index % 2 == thread {
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
    try onEach(Torture.rounds(2000)) { index, path in
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
    #expect(found.withLock { $0 } > Torture.rounds(2000).count / 4)
  }

  /// The first format has no checksums, so a flipped bit may pass, but must not cause anything
  /// worse.
  @Test func mutantsOfAFileFromKeras() throws {
    let good = [UInt8](try Data(contentsOf: URL(filePath: goldenHDF5("keras"))))
    let refused = Mutex(0)
    try onEach(Torture.rounds(2000)) { index, path in
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
    #expect(refused.withLock { $0 } > Torture.rounds(2000).count / 20)
  }

  /// Changes where the structure is: in object headers, trees, heaps and messages, with the numbers
  /// that sizes and addresses would be wrong with. Newer headers have checksums, older ones do not.
  @Test(arguments: ["store", "keras", "layouts"])
  func mutantsOfTheStructure(_ name: String) throws {
    let source = name == "store" ? scratch["good.h5"] : goldenHDF5(name)
    if name == "store" { try Sample.write(source) }
    let good = [UInt8](try Data(contentsOf: URL(filePath: source)))
    let places = Self.structure(of: good)
    #expect(places.count > 4)
    let before = Torture.peak
    let refused = Mutex(0)
    try onEach(Torture.rounds(300)) { index, path in
      var random = Mutations(state: UInt64(index) | UInt64(name.utf8.count) << 40)
      var bytes = good
      for _ in 0...random.next(below: 3) {
        let place = places[random.next(below: places.count)] + random.next(below: 96)
        let width = [1, 2, 4, 8][random.next(below: 4)]
        guard place + width <= bytes.count else { continue }
        let old = bytes[place..<place + width].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let values: [UInt64] = [
          0, 1, .max, 1 << 63, 1 << 31, 1 << 62, old &+ 1, old &- 1, old &* 2, old / 2,
          UInt64(bytes.count), UInt64(places[random.next(below: places.count)]),
        ]
        let value = values[random.next(below: values.count)]
        for byte in 0..<width {
          bytes[place + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte))
        }
      }
      try Data(bytes).write(to: URL(filePath: path))
      let start = ContinuousClock.now
      do {
        let file = try HDF5File(path)
        for dataset in file.datasets where dataset.type != nil { _ = try file.readBytes(dataset) }
      } catch let error as ZooError {
        #expect(error.kind == .corrupt && error.message.contains(path), "\(error)")
        refused.withLock { $0 += 1 }
      }
      // Some send libhdf5 into a loop: the child then has 4 seconds of processor time, which take
      // longer on a busy machine.
      #expect(ContinuousClock.now - start < .seconds(15), "\(name), mutant \(index)")
    }
    #expect(refused.withLock { $0 } > Torture.rounds(300).count / 10)
    #expect(Torture.peak - before < good.count + 64 << 20)
  }

  /// The offsets of the blocks of the format, by their signatures, and of the superblock.
  private static func structure(of bytes: [UInt8]) -> [Int] {
    let signatures = [
      "OHDR", "OCHK", "TREE", "BTHD", "BTLF", "SNOD", "HEAP", "FRHP", "GCOL", "FADB",
    ]
    return [0]
      + signatures.flatMap { signature in
        let name = Array(signature.utf8)
        return bytes.indices.dropLast(3).filter {
          bytes[$0] == name[0] && bytes[$0..<$0 + 4].elementsEqual(name)
        }
      }
      // Headers of the first version have no signature; they are aligned and begin with their version.
      + stride(from: 96, to: min(bytes.count, 4096) - 16, by: 8).filter {
        bytes[$0] == 1 && bytes[$0 + 1] == 0 && bytes[$0 + 2] > 0 && bytes[$0 + 4] == 1
      }
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
