import Foundation
import TestSupport
import Testing
import ZooKit
import ZooTraining

struct RecordTests {
  /// RFC 3720, appendix B.4, and the standard check value for the nine digits.
  @Test func checksums() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum(Array(repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum(Array(0..<32)) == 0x46DD_794E)
  }

  /// Byte for byte like TensorBoard's own writer.
  @Test func eventsAsTensorBoardWritesThem() throws {
    let golden = try Data(
      contentsOf: GoldenFile.folder.appending(path: "training/events.tfevents"))
    let name = String(repeating: "Genauigkeit für Wörter ", count: 8)
    let events =
      EventRecord.start(at: 1.5)
      + EventRecord.scalars([("train/loss", 0.5), (name, -1e-3)], step: 300, at: 1.7e9 + 0.25)
    #expect(events == Array(golden))
  }
}
