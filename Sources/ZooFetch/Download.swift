import Glibc
import ZooKit

/// Brings one file of known digest from a publisher.
///
/// The bytes go to `PATH.part`; only a file whose digest is right takes the name. What a broken
/// connection leaves is continued the next time, if the server still has the same file. Of several
/// processes that want it, one downloads and the others wait.
///
/// ```swift
/// let download = Download(
///   from: "https://download.pytorch.org/models/resnet18-f37072fd.pth", to: path,
///   digest: .sha256Prefix("f37072fd"), size: 46_830_571)
/// let receipt = try download.run { done, total in progress.update(done: done, of: total) }
/// print("checked \(receipt.checked.kind)")
/// ```
public struct Download: Sendable {
  public let url: String
  public let path: String
  public let digest: Digest
  /// In bytes, where the publisher says so.
  public let size: Int?

  package var transfer = Transfer()
  package var calls = SystemCalls.real

  /// What no checkpoint reaches: the cap where nobody tells a size.
  static let largest = 64 << 30

  public init(from url: String, to path: String, digest: Digest, size: Int? = nil) {
    self.url = url
    self.path = path
    self.digest = digest
    self.size = size
  }

  /// What came.
  public struct Receipt: Sendable {
    public let path: String
    public let size: Int
    /// Of the whole file, whatever was published.
    public let sha256: String
    /// What the publisher's word was compared with.
    public let checked: Digest
    /// It was here already, brought by an earlier run or another process.
    public let wasHere: Bool
  }

  /// - Parameters:
  ///   - progress: told of bytes so far and in all, where that is known.
  ///   - waiting: called once when another process is bringing the same file.
  public func run(
    progress: (_ done: Int, _ total: Int?) -> Void = { _, _ in }, waiting: () -> Void = {}
  ) throws -> Receipt {
    try digest.validate()
    let address = try Address(url, plainHTTP: transfer.plainHTTP)
    if let receipt = try existing() { return receipt }
    return try FileLock.holding(path + ".lock", waiting: waiting) { isLocked in
      // While waiting, somebody else may have brought it.
      if let receipt = try existing() { return receipt }
      // Without locks two processes must not meet in one file.
      let name = isLocked ? "\(path).part" : "\(path).\(getpid()).part"
      return try fetch(address, into: PartFile(name, calls: calls), progress)
    }
  }

  /// The file where it stands already. One that does not fit is brought again and
  /// replaced.
  private func existing() throws -> Receipt? {
    guard access(path, F_OK) == 0 else { return nil }
    let file = try RandomAccessFile(path)
    var digesting = Digesting(digest)
    try eachPiece(of: file.descriptor, path) { digesting.update($0) }
    guard digesting.found == digest.digits, size ?? file.size == file.size else { return nil }
    return Receipt(
      path: path, size: file.size, sha256: digesting.full, checked: digest, wasHere: true)
  }
}
