import CStore

/// Incremental SHA-256.
///
/// ```swift
/// var digest = SHA256()
/// digest.update(bytes)
/// digest.hexadecimal   // e3b0c442…
/// ```
public struct SHA256: Sendable {
  private var hash = zoo_sha256_start()

  public init() {}

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    zoo_sha256_update(&hash, start, bytes.count)
  }

  public mutating func update(_ bytes: some Sequence<UInt8>) {
    Array(bytes).withUnsafeBytes { update($0) }
  }

  /// The digest of the data so far; more data may follow.
  public var digest: [UInt8] {
    var copy = hash
    return [UInt8](unsafeUninitializedCapacity: 32) { bytes, count in
      zoo_sha256_finish(&copy, bytes.baseAddress)
      count = 32
    }
  }

  /// The digest in 64 lowercase digits.
  public var hexadecimal: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  public static func hexadecimal(of bytes: some Sequence<UInt8>) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return hash.hexadecimal
  }
}
