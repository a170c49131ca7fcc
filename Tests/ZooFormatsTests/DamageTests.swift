import TestSupport
import Testing
import ZooFormats
import ZooKit
import ZooStore

/// Files damaged as by disks and networks: truncated anywhere, with bits and bytes changed.
@Suite(.serialized) struct DamageTests {
  static let files = [
    "views.pth", "wrapped_plain.pth", "dtypes.safetensors", "protocol4.pth", "legacy_fixed.h5",
    "model.weights.h5", "model.keras",
  ]

  /// Every outcome is success or one clear line about the file.
  func check(_ bytes: [UInt8], in scratch: Scratch, _ what: String) throws {
    let path = try scratch.file("damaged", bytes)
    let start = ContinuousClock.now
    let error = outcome(path, ForeignCheckpoint.open)
    #expect(ContinuousClock.now - start < .seconds(5), "\(what)")
    if let error {
      let honest = (error as? ZooError)?.isHonest == true
      #expect(honest, "\(what): \(error)")
    }
  }

  @Test(arguments: files)
  func cutOff(_ name: String) throws {
    let bytes = try Golden.bytes(name)
    let scratch = try Scratch()
    for part in 0..<64 {
      let count = bytes.count * part / 64
      let path = try scratch.file("cut", Array(bytes.prefix(count)))
      let error = outcome(path, ForeignCheckpoint.open) as? ZooError
      #expect(error?.isHonest == true, "\(name) cut at \(count): \(String(describing: error))")
    }
  }

  @Test(arguments: files)
  func mutants(_ name: String) throws {
    // Opening an HDF5 file starts a process, and its structure has separate tests.
    let count = name.hasSuffix(".h5") ? 100 : 2000
    let bytes = try Golden.bytes(name)
    let scratch = try Scratch()
    let random = Random(seed: 2).key(name)
    for mutant in Torture.rounds(count) {
      let draws = random.key(mutant)
      var damaged = bytes
      for change in 0...draws.below(4, 0) {
        // Half of the changes are where the structure is densest.
        let near = draws.below(2, 10 * change + 1) == 0 ? min(bytes.count, 600) : bytes.count
        let place = draws.below(near, 10 * change + 2)
        switch draws.below(3, 10 * change + 3) {
        case 0: damaged[place] ^= 1 << UInt8(draws.below(8, 10 * change + 4))
        case 1: damaged[place] = UInt8(draws.below(256, 10 * change + 4))
        default: damaged[place] = [0, 0xFF, 0x7F, 0x80][draws.below(4, 10 * change + 4)]
        }
      }
      try check(damaged, in: scratch, "\(name), mutant \(mutant)")
    }
  }
}
