import Foundation
import ModelZoo
import TestSupport
import Testing
import ZooKit

/// Mutants of records, and many predictions; `make torture` runs more of both.
@Suite(.serialized) struct TortureTests {
  /// A record whose values are exchanged, lost, doubled, nested or absurd is a network or one clear
  /// line, in the memory of the record.
  @Test func mutantsOfRecords() throws {
    let model = try Zoo().untrained("resnet20", seed: 3)
    let registry = try Registry.linked()
    let text = model.checkpoint.json
    _ = try Checkpoint(text, in: "record")
    let before = Torture.peak
    var refused = 0
    for round in Torture.rounds(400) {
      var draws = Draws(Random(seed: 11).key(round))
      var record = text
      for _ in 0...draws.below(3) { record = Self.mutated(record, &draws, depth: 0) }
      let start = ContinuousClock.now
      do {
        // As a file has it: written and parsed.
        let parsed = try JSON(parsing: record.text(), origin: "record")
        let checkpoint = try Checkpoint(parsed, in: "record")
        let variant = try registry.variant(checkpoint.variant)
        let graph = try variant.graph(
          head: .original(classes: checkpoint.classes.count), input: checkpoint.input,
          normEpsilon: checkpoint.normEpsilon)
        #expect(!graph.operations.isEmpty)
      } catch let error as ZooError {
        #expect(!error.message.isEmpty)
        refused += 1
      }
      #expect(
        ContinuousClock.now - start < .seconds(5), "record \(round): \(record.text().prefix(300))")
    }
    #expect(refused > Torture.rounds(400).count / 4)
    #expect(Torture.peak - before < 64 << 20)
  }

  private struct Draws {
    private let random: Random
    private var next = 0
    init(_ random: Random) { self.random = random }
    mutating func below(_ bound: Int) -> Int {
      next += 1
      return random.below(bound, next)
    }
  }

  private static func mutated(_ json: JSON, _ draws: inout Draws, depth: Int) -> JSON {
    switch json.content {
    case .object(var members) where !members.isEmpty:
      let place = draws.below(members.count)
      switch draws.below(8) {
      case 0: members.remove(at: place)
      case 1: members.append((members[place].key, members[draws.below(members.count)].value))
      case 2: members[place].key += "x"
      case 3: members[place].value = members[draws.below(members.count)].value
      case 4: members[place].value = strange(&draws)
      default: members[place].value = mutated(members[place].value, &draws, depth: depth + 1)
      }
      return JSON(.object(members))
    case .array(var items) where !items.isEmpty:
      let place = draws.below(items.count)
      switch draws.below(6) {
      case 0: items.remove(at: place)
      case 1: items.append(contentsOf: items)
      case 2: items[place] = strange(&draws)
      default: items[place] = mutated(items[place], &draws, depth: depth + 1)
      }
      return JSON(.array(items))
    default: return strange(&draws)
    }
  }

  private static func strange(_ draws: inout Draws) -> JSON {
    switch draws.below(16) {
    case 0: nil
    case 1: true
    case 2: 0
    case 3: -1
    case 4: JSON(Int.max)
    case 5: JSON(Int.min)
    case 6: JSON(1e300)
    case 7: JSON(-1e-300)
    case 8: JSON(65_536)
    case 9: JSON(String(repeating: "a", count: 5000))
    case 10: JSON("\u{1B}[31m\u{0}\n“")
    case 11: JSON((0..<60).reduce(JSON(1)) { inner, _ in JSON([inner]) }.list ?? [])
    case 12: JSON(.object([]))
    case 13: JSON([JSON]())
    case 14: JSON(draws.below(3000))
    default: JSON("")
    }
  }

  /// Memory does not grow with the number of predictions, whatever the pictures' sizes.
  @Test func soakOfPredictions() throws {
    let classifier = try Zoo().untrained("resnet20", seed: 3)
    let segmenter = try Zoo().untrained("unet-depth3", seed: 3)
    let count = Torture.count.map { min($0, 10_000) } ?? 240
    var settled = 0
    for index in 0..<count {
      let key = Random(seed: 5).key(index)
      let (width, height) = (8 + key.below(120, 0), 8 + key.below(120, 1))
      let picture = try Picture(
        width: width, height: height, channels: 3,
        pixels: (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) })
      #expect(try classifier.classify(picture, top: 1).top.count == 1)
      if index % 8 == 0 {
        #expect(try segmenter.segment(picture).mask.size == picture.size)
      }
      if index == count / 2 { settled = Torture.peak }
    }
    // The first half has met about the largest sizes; what is kept depends on the latest.
    #expect(Torture.peak - settled < 32 << 20, "\(settled >> 20) MB, \(Torture.peak >> 20) MB")
  }
}
