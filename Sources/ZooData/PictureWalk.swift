import ZooStore

/// Finds the pictures of a folder and of all folders below it. Each folder is visited once, however
/// many links lead to it.
struct PictureWalk {
  private static let deepest = 64

  private var visited: Set<FileIdentity>
  /// The paths of links that were not followed, because they lead to a folder that is read anyway.
  private(set) var skipped: [String] = []

  /// - Parameter others: folders that are not entered, because they are read for themselves.
  init(besides others: Set<FileIdentity> = []) { visited = others }

  /// By relative path: the pictures of the folder, in natural order, then those of its subfolders.
  mutating func pictures(in folder: Folder) throws -> [String] {
    if let root = FileIdentity(folder.path) { visited.insert(root) }
    return try pictures(in: folder, depth: 0)
  }

  private mutating func pictures(in folder: Folder, depth: Int) throws -> [String] {
    skipped += folder.loops.map(folder.path)
    var found = folder.pictures
    guard depth < Self.deepest else { return found }
    for name in folder.folders {
      guard let it = FileIdentity(folder.path(name)), let below = try Folder(folder.path(name))
      else { continue }
      guard visited.insert(it).inserted else {
        skipped.append(folder.path(name))
        continue
      }
      found += try pictures(in: below, depth: depth + 1).map { "\(name)/\($0)" }
    }
    return found
  }
}
