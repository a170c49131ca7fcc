import Glibc
import ZooKit
import ZooStore

/// The cache of downloaded weights. Several processes may share it.
///
/// ```
/// ROOT/checkpoints/resnet18.imagenet1k-v1-f37072fd.h5     converted by `zoo pull`
/// ROOT/downloads/…                                        downloads in progress
/// ```
/// A file's name contains the digest of its source. A record whose source changes therefore uses
/// another file, and the content under a name never changes.
///
/// ```swift
/// let cache = try Cache()
/// let path = try cache.checkpoint("resnet18.imagenet1k-v1", from: digest) { path in
///   let raw = try Download(from: url, to: cache.download("resnet18.pth", digest), …).run()
///   try convert(raw.path, to: path)
/// }
/// ```
public struct Cache: Sendable {
  public let root: String

  public init(root: String) { self.root = root }

  /// `$ZOO_HOME`, else `$XDG_CACHE_HOME/zoo`, else `~/.cache/zoo`.
  public init() throws {
    try self.init(environment: { name in getenv(name).map { String(path: $0) } })
  }

  package init(environment: (String) -> String?) throws {
    func folder(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
    if let home = folder("ZOO_HOME") {
      root = home
    } else if let caches = folder("XDG_CACHE_HOME"), caches.hasPrefix("/") {
      // By the XDG specification, a relative path is ignored.
      root = caches + "/zoo"
    } else if let home = folder("HOME"), home.hasPrefix("/") {
      root = home + "/.cache/zoo"
    } else {
      throw ZooError.cannotCreate(
        "no folder for weights: HOME is not set; set ZOO_HOME to a writable folder")
    }
  }

  package var checkpoints: String { root + "/checkpoints" }
  package var downloads: String { root + "/downloads" }

  /// The path of a catalogue record's checkpoint, whether or not it exists.
  public func path(of name: String, from source: Digest) throws -> String {
    try "\(checkpoints)/\(Cache.stem(name, source)).h5"
  }

  /// The checkpoint's path, if it is installed.
  public func installed(_ name: String, from source: Digest) -> String? {
    guard let path = try? path(of: name, from: source), access(path, R_OK) == 0 else { return nil }
    return path
  }

  /// The checkpoint's path. If it does not exist yet, one process makes it and the others wait.
  /// `make` writes the file at the given path, whole or not at all.
  public func checkpoint(
    _ name: String, from source: Digest, waiting: () -> Void = {}, make: (String) throws -> Void
  ) throws -> String {
    let path = try path(of: name, from: source)
    if access(path, R_OK) == 0 { return path }
    try Cache.createFolder(checkpoints)
    return try FileLock.holding(path + ".lock", waiting: waiting) { _ in
      if access(path, R_OK) != 0 { try make(path) }
      return path
    }
  }

  /// The path to which a publisher's file is downloaded; creates its folder.
  public func download(_ name: String, _ digest: Digest) throws -> String {
    try Cache.createFolder(downloads)
    return try "\(downloads)/\(Cache.stem(name, digest))"
  }

  /// Records that a file was used, for ``prune(_:)``; does nothing in a read-only cache.
  public func markUsed(_ path: String) {
    let times = [timespec(tv_sec: 0, tv_nsec: utimeNow), timespec(tv_sec: 0, tv_nsec: utimeOmit)]
    _ = path.withPath { utimensat(AT_FDCWD, $0, times, 0) }
  }

  /// The name and the first twelve digits.
  private static func stem(_ name: String, _ digest: Digest) throws -> String {
    try digest.validate()
    let isPlain = name.utf8.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || "._-".utf8.contains(byte)
    }
    guard isPlain, !name.isEmpty, !name.hasPrefix("."), name.utf8.count <= 150 else {
      throw ZooError.failure("\(name) cannot be the name of a file in the cache")
    }
    return "\(name)-\(digest.digits.prefix(12))"
  }

  private static func createFolder(_ path: String) throws {
    if mkdir(path, 0o777) == 0 { return }
    if errno == ENOENT, path.contains("/"), folder(of: path) != path {
      try createFolder(folder(of: path))
      if mkdir(path, 0o777) == 0 { return }
    }
    let code = errno
    var status = stat()
    if code == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
    throw ZooError.cannotCreate(
      "cannot create the folder \(path): \(code == EEXIST ? "a file is there" : explain(code))"
        + "; ZOO_HOME may name another folder for weights")
  }
}

/// `UTIME_NOW` and `UTIME_OMIT` are macros with casts, which Swift does not import.
private let utimeNow = (1 << 30) - 1
private let utimeOmit = (1 << 30) - 2
