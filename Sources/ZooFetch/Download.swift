import Glibc
import ZooKit
import ZooStore

/// Downloads one file with a known digest.
///
/// The data goes to `PATH.part`, which is renamed only if the digest is right. An interrupted
/// download is continued the next time, if the server still has the same file. If several processes
/// want it, one downloads and the others wait.
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
  /// In bytes, if the publisher states it.
  public let size: Int?

  package var transfer = Transfer()
  package var calls = SystemCalls.real

  /// No checkpoint is this large: the limit if no size is known.
  static let largest = 64 << 30

  public init(from url: String, to path: String, digest: Digest, size: Int? = nil) {
    self.url = url
    self.path = path
    self.digest = digest
    self.size = size
  }

  /// The downloaded file.
  public struct Receipt: Sendable {
    public let path: String
    public let size: Int
    /// The digest of the whole file, whichever digest was published.
    public let sha256: String
    /// The published digest that was checked.
    public let checked: Digest
    /// Whether the file already existed, from an earlier run or another process.
    public let wasHere: Bool
  }

  /// - Parameters:
  ///   - progress: called with the bytes so far and, if known, in total.
  ///   - waiting: called once if another process is downloading the same file.
  public func run(
    progress: (_ done: Int, _ total: Int?) -> Void = { _, _ in }, waiting: () -> Void = {}
  ) throws -> Receipt {
    try digest.validate()
    let address = try Address(url, plainHTTP: transfer.plainHTTP)
    if let receipt = try existing() { return receipt }
    return try FileLock.holding(path + ".lock", waiting: waiting) { isLocked in
      // Another process may have downloaded it in the meantime.
      if let receipt = try existing() { return receipt }
      // Without locks, two processes must not write the same file.
      let name = isLocked ? "\(path).part" : "\(path).\(getpid()).part"
      return try fetch(address, into: PartFile(name, calls: calls), progress)
    }
  }

  /// The file, if it already exists. A file with the wrong digest is downloaded again and replaced.
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
