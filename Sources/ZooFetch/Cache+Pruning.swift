import Glibc
import ZooKit
import ZooStore

extension Cache {
  /// A file in the cache.
  public struct Entry: Sendable {
    public enum Kind: String, Sendable {
      /// A model's weights.
      case checkpoint
      /// A publisher's original file.
      case download
      /// The rest of an interrupted download or conversion.
      case leftover
    }

    public let kind: Kind
    /// Without the extension.
    public let name: String
    public let path: String
    /// In bytes.
    public let size: Int
    /// Seconds since 1970.
    public let lastUse: Int
  }

  public enum Pruning: Sendable {
    /// Files that are neither a checkpoint nor a whole download, and that no process is writing.
    case leftovers
    /// Leftovers, and files that were not used for this number of days.
    case unused(days: Int)
    case everything
  }

  /// Every file in the cache that this program wrote, checkpoints first, by name.
  public func list() throws -> [Entry] {
    let entries =
      try entries(of: checkpoints, whole: .checkpoint) + entries(of: downloads, whole: .download)
    return entries.sorted { a, b in
      a.kind == b.kind ? naturallyPrecedes(a.name, b.name) : a.kind.place < b.kind.place
    }
  }

  /// Removes files and returns them. Files that this program did not write stay, and so do links.
  public func prune(_ pruning: Pruning) throws -> [Entry] {
    let now = time(nil)
    return try list().filter { entry in
      let goes =
        switch (pruning, entry.kind) {
        case (.everything, .checkpoint), (.everything, .download): true
        case (.unused(let days), .checkpoint), (.unused(let days), .download):
          (now - entry.lastUse) / 86_400 >= days
        case (.leftovers, .checkpoint), (.leftovers, .download): false
        case (_, .leftover): !isBeingWritten(entry, now)
        }
      guard goes else { return false }
      guard unlink(entry.path) == 0 || errno == ENOENT else {
        throw ZooError.io("cannot remove \(entry.path): \(explain(errno))")
      }
      return true
    }
  }

  /// A held lock means yes. A temporary file of a conversion has no lock and is judged by its age.
  private func isBeingWritten(_ entry: Entry, _ now: Int) -> Bool {
    guard let range = entry.path.start(ofEnding: [".part", ".part.json", ".lock"]) else {
      return now - entry.lastUse < 3600
    }
    let lock = open(entry.path[..<range] + ".lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
    guard lock >= 0 else { return false }
    defer { close(lock) }
    return flock(lock, LOCK_EX | LOCK_NB) != 0
  }

  private func entries(of folder: String, whole: Entry.Kind) throws -> [Entry] {
    guard let stream = opendir(folder) else {
      if errno == ENOENT { return [] }
      throw ZooError.io("cannot list \(folder): \(explain(errno))")
    }
    defer { closedir(stream) }
    var entries: [Entry] = []
    while let item = readdir(stream) {
      let file = String(of: item)
      guard let kind = Cache.kind(of: file, whole: whole) else { continue }
      var status = stat()
      guard lstat("\(folder)/\(file)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        continue
      }
      entries.append(
        Entry(
          kind: kind, name: kind == .checkpoint ? String(file.dropLast(3)) : file,
          path: "\(folder)/\(file)", size: Int(status.st_size),
          lastUse: max(status.st_atim.tv_sec, status.st_mtim.tv_sec)))
    }
    return entries
  }

  /// Recognised by the names that this program gives; nil for other files.
  private static func kind(of file: String, whole: Entry.Kind) -> Entry.Kind? {
    if file.hasPrefix(".zoo-"), file.hasSuffix(".partial") { return .leftover }
    var stem = file[...]
    var isLeftover = false
    if let end = file.start(ofEnding: [".part", ".part.json", ".lock"]) {
      isLeftover = true
      stem = file[..<end]
      // The id of a process that had no lock.
      if let dot = stem.lastIndex(of: "."), stem[dot...].dropFirst().allSatisfy(\.isNumber) {
        stem = stem[..<dot]
      }
    }
    if whole == .checkpoint {
      guard stem.hasSuffix(".h5") else { return nil }
      stem = stem.dropLast(3)
    }
    guard let dash = stem.lastIndex(of: "-") else { return nil }
    let digits = stem[dash...].dropFirst()
    guard 8...12 ~= digits.utf8.count, digits.allSatisfy({ $0.isHexDigit && !$0.isUppercase })
    else { return nil }
    return isLeftover ? .leftover : whole
  }
}

extension Cache.Entry.Kind {
  fileprivate var place: Int {
    switch self {
    case .checkpoint: 0
    case .download: 1
    case .leftover: 2
    }
  }
}

extension String {
  /// The start of the first of these endings that the name has.
  fileprivate func start(ofEnding endings: [String]) -> Index? {
    endings.first { hasSuffix($0) }.map { index(endIndex, offsetBy: -$0.count) }
  }
}
