import ZooKit
import ZooStore

/// A published digest of a file, in lower-case hexadecimal.
public enum Digest: Hashable, Sendable, CustomStringConvertible {
  case sha256(String)
  /// Only the first digits, which torchvision includes in its file names.
  case sha256Prefix(String)
  /// The only digest that Keras publishes for its older files.
  case md5(String)

  /// The name of the digest, for messages.
  public var kind: String {
    switch self {
    case .sha256: "SHA-256"
    case .sha256Prefix(let digits): "the first \(digits.utf8.count) digits of SHA-256"
    case .md5: "MD5"
    }
  }

  public var digits: String {
    switch self {
    case .sha256(let digits), .sha256Prefix(let digits), .md5(let digits): digits
    }
  }

  public var description: String { "\(kind) \(digits)" }

  /// Throws if the text is not hexadecimal, or has an invalid length.
  func validate() throws {
    let count = digits.utf8.count
    let fits =
      switch self {
      case .sha256: count == 64
      case .sha256Prefix: 8...64 ~= count
      case .md5: count == 32
      }
    guard fits, digits.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else {
      throw ZooError.failure("\(digits) is not a \(kind) in lower-case hexadecimal")
    }
  }
}

/// Computes the digests of a stream of bytes.
struct Digesting {
  private let wanted: Digest
  private var sha256 = SHA256()
  private var md5: MD5?

  init(_ wanted: Digest) {
    self.wanted = wanted
    if case .md5 = wanted { md5 = MD5() }
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    sha256.update(bytes)
    md5?.update(bytes)
  }

  /// The full SHA-256, computed whichever digest was published.
  var full: String { sha256.hexadecimal }

  /// The digits to compare with the published ones.
  var found: String {
    switch wanted {
    case .sha256: full
    case .sha256Prefix(let digits): String(full.prefix(digits.utf8.count))
    case .md5: md5?.hexadecimal ?? ""
    }
  }
}
