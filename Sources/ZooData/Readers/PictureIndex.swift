import ZooKit

/// The pictures of a folder by the names that a table may use for them.
struct PictureIndex {
  private let paths: Set<String>
  /// By their last name, with and without its ending.
  private var byName: [String: [String]] = [:]

  /// - Parameter pictures: their paths within the folder.
  init(_ pictures: [String]) {
    paths = Set(pictures)
    for path in pictures {
      let name = lastName(of: path)
      byName[name, default: []].append(path)
      byName[stem(of: name), default: []].append(path)
    }
  }

  var count: Int { paths.count }

  /// The only picture with this path, with a path that ends so, or with this file name with or
  /// without its ending. The end of another machine's absolute path counts too.
  func path(of name: String) throws -> String {
    let name = name.hasPrefix("./") ? String(name.dropFirst(2)) : name
    if paths.contains(name) { return name }
    let found = byName[lastName(of: name)] ?? []
    if let path = found.filter({ name.hasSuffix("/" + $0) }).max(by: { $0.count < $1.count }) {
      return path
    }
    let ends = found.filter { path in
      ["/" + path, "/" + stem(of: path)].contains { $0.hasSuffix("/" + name) }
    }
    let candidates = ends.isEmpty ? found : ends
    guard let path = candidates.first else {
      throw ZooError.corrupt("there is no picture “\(name.printable)”")
    }
    guard candidates.count == 1 else {
      throw ZooError.corrupt(
        "“\(name.printable)” may be \(candidates[0].printable) or \(candidates[1].printable)")
    }
    return path
  }
}
