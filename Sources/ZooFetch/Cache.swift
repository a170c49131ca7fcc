import Glibc
import ZooKit

/// Where downloaded weights live. Several processes may share it.
///
/// ```
/// ROOT/checkpoints/resnet18.imagenet1k-v1-f37072fd.h5     what `pull` converted
/// ROOT/downloads/…                                        what is on its way
/// ```
/// A file's name carries the digest of what it was made from, so a record whose source changes
/// asks for another file, and a file never changes under its name.
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
    try self.init(environment: { name in getenv(name).map { String(cString: $0) } })
  }

  package init(environment: (String) -> String?) throws {
    func folder(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
    if let home = folder("ZOO_HOME") {
      root = home
    } else if let caches = folder("XDG_CACHE_HOME"), caches.hasPrefix("/") {
      // The XDG specification: a relative path is to be ignored.
      root = caches + "/zoo"
    } else if let home = folder("HOME"), home.hasPrefix("/") {
      root = home + "/.cache/zoo"
    } else {
      throw ZooError.cannotCreate(
        "no folder for weights: HOME is not set; set ZOO_HOME to a folder that can be written")
    }
  }

  package var checkpoints: String { root + "/checkpoints" }
  package var downloads: String { root + "/downloads" }

  /// Where the checkpoint of a catalogue record stands, or would stand.
  public func path(of name: String, from source: Digest) throws -> String {
    try "\(checkpoints)/\(Cache.stem(name, source)).h5"
  }

  /// The checkpoint's path where it is here.
  public func installed(_ name: String, from source: Digest) -> String? {
    guard let path = try? path(of: name, from: source), access(path, R_OK) == 0 else { return nil }
    return path
  }

  /// The checkpoint, made where it is not here yet: by one process, while the others wait. `make`
  /// writes the file at the path it is given, whole or not at all.
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

  /// Where a publisher's file is downloaded to; its folder is there afterwards.
  public func download(_ name: String, _ digest: Digest) throws -> String {
    try Cache.createFolder(downloads)
    return try "\(downloads)/\(Cache.stem(name, digest))"
  }

  /// Takes note that a file was used, for ``prune(_:)``; a cache that only reads is no failure.
  public func markUsed(_ path: String) {
    let times = [timespec(tv_sec: 0, tv_nsec: utimeNow), timespec(tv_sec: 0, tv_nsec: utimeOmit)]
    utimensat(AT_FDCWD, path, times, 0)
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

/// `UTIME_NOW` and `UTIME_OMIT` are macros with casts, which Swift does not see.
private let utimeNow = (1 << 30) - 1
private let utimeOmit = (1 << 30) - 2
