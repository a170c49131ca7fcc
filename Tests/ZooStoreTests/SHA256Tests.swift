import CStore
import Testing
import ZooKit
import ZooStore

@Suite struct SHA256Tests {
  /// FIPS 180-4's examples and the lengths around a block's end.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      String(repeating: "a", count: 1_000_000),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    ),
    (
      String(repeating: "b", count: 55),
      "eb2c86e932179f4ba13fe8715a26124b77d6bad290b9b4c1cc140cf633300c19"
    ),
  ])
  func vectors(_ text: String, _ digest: String) {
    #expect(SHA256.hexadecimal(of: text.utf8) == digest)
  }

  /// For any division into pieces, and with any instructions.
  @Test func piecesAndInstructions() {
    let bytes = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ $0 >> 5) }
    let whole = SHA256.hexadecimal(of: bytes)
    for piece in [1, 3, 63, 64, 65, 127, 1000] {
      var hash = SHA256()
      for start in stride(from: 0, to: bytes.count, by: piece) {
        hash.update(bytes[start..<min(start + piece, bytes.count)])
      }
      #expect(hash.hexadecimal == whole)
    }
    var fast = (0..<8).map { UInt32($0) }
    var slow = fast
    zoo_sha256_blocks(&fast, bytes, 64)
    zoo_sha256_portable(&slow, bytes, 64)
    #expect(fast == slow)
  }
}
