import Testing
import ZooFetch
import ZooKit

@Suite struct MD5Tests {
  /// RFC 1321, appendix A.5.
  @Test(arguments: [
    ("", "d41d8cd98f00b204e9800998ecf8427e"), ("a", "0cc175b9c0f1b6a831c399e269772661"),
    ("abc", "900150983cd24fb0d6963f7d28e17f72"),
    ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
    (
      "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
      "57edf4a22be3c955ac49da2e2107b67a"
    ),
  ])
  func knownAnswers(_ text: String, _ expected: String) {
    #expect(MD5.hexadecimal(of: Array(text.utf8), pieces: 1000) == expected)
  }

  /// Pieces of many sizes cross block boundaries at every position.
  @Test(arguments: [1, 7, 55, 56, 63, 64, 65, 127, 1000])
  func piecesDoNotMatter(_ size: Int) {
    for count in [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 128, 5000] {
      let bytes = Array(Sample.bytes[..<count])
      #expect(
        MD5.hexadecimal(of: bytes, pieces: size) == MD5.hexadecimal(of: bytes, pieces: 100_000))
    }
    #expect(MD5.hexadecimal(of: Sample.bytes, pieces: size * 13) == Sample.md5)
  }
}

extension MD5 {
  fileprivate static func hexadecimal(of bytes: [UInt8], pieces: Int) -> String {
    var md5 = MD5()
    bytes.withUnsafeBytes { all in
      for start in stride(from: 0, to: all.count, by: pieces) {
        md5.update(.init(rebasing: all[start..<min(start + pieces, all.count)]))
      }
    }
    return md5.hexadecimal
  }
}
