import Glibc
import ZooKit
import ZooStore

/// The folder for drawings: one PNG per picture, by the picture's name.
public struct DrawingFolder {
  public let path: String
  private let originals: Set<FileIdentity>
  private var taken: Set<String> = []

  /// Creates the folder and its parents if necessary.
  ///
  /// The originals are the pictures to draw on. None of them is overwritten, even if the folder
  /// contains them.
  public init(_ path: String, sparing originals: [String] = []) throws {
    self.path = path
    self.originals = Set(originals.compactMap(FileIdentity.init))
    // From the top down: `a`, `a/b`, `a/b/c`.
    for end in path.indices.dropFirst() where path[end] == "/" {
      mkdir(String(path[..<end]), 0o777)
    }
    let made = mkdir(path, 0o777)
    let code = errno
    var status = stat()
    let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    guard made == 0 || isFolder else {
      throw ZooError.cannotCreate(
        "cannot create the folder \(path): \(code == EEXIST ? "a file is there" : explain(code))")
    }
  }

  /// Writes the drawing of a picture.
  ///
  /// - Returns: The path of the new file: `DIR/cat.png` for `photos/cat.jpg`, and `DIR/cat-2.png`
  ///   for the next cat.
  public mutating func write(_ drawing: Picture, of original: String) throws -> String {
    let name = freeName(for: original, endings: [""])
    try drawing.write(png: file("\(name).png"))
    return file("\(name).png")
  }

  /// Writes the drawing of a picture and, beside it, its mask: `DIR/cat.png`, `DIR/cat-mask.png`.
  public mutating func write(
    _ drawing: Picture, mask: Picture, palette: [Colour], of original: String
  ) throws -> (drawing: String, mask: String) {
    let name = freeName(for: original, endings: ["", "-mask"])
    try drawing.write(png: file("\(name).png"))
    try mask.write(png: file("\(name)-mask.png"), palette: palette)
    return (file("\(name).png"), file("\(name)-mask.png"))
  }

  /// The picture's own name, numbered if one of its files already exists.
  private mutating func freeName(for original: String, endings: [String]) -> String {
    let last = original.split(separator: "/").last ?? "picture"
    let dot = last.lastIndex(of: ".").flatMap { $0 > last.startIndex ? $0 : nil }
    let stem = last[..<(dot ?? last.endIndex)]
    var name = String(stem)
    var count = 1
    while endings.contains(where: {
      taken.contains(name + $0) || isOriginal(file("\(name)\($0).png"))
    }) {
      count += 1
      name = "\(stem)-\(count)"
    }
    for ending in endings { taken.insert(name + ending) }
    return name
  }

  /// The path of a file in the folder.
  public func file(_ name: String) -> String {
    path.hasSuffix("/") ? path + name : "\(path)/\(name)"
  }

  private func isOriginal(_ path: String) -> Bool {
    FileIdentity(path).map(originals.contains) ?? false
  }
}
