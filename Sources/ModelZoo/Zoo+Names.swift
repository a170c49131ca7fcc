import Glibc
import ZooFetch
import ZooKit
import ZooStore

extension Zoo {
  /// The possible meanings of `MODEL`.
  public enum Reference: Sendable {
    /// A checkpoint file.
    case file(String)
    /// A record of the catalogue.
    case record(Catalog.Record)
    /// A variant for which the catalogue has no checkpoint.
    case variant(Variant)
  }

  /// A checkpoint's name, a variant's name, which means its default checkpoint, or a file's path.
  public func reference(_ name: String) throws -> Reference {
    if name.contains("/") || name.hasSuffix(".h5") { return .file(name) }
    if let record = catalog[name] { return .record(record) }
    if let variant = try? registry.variant(name) {
      return catalog.defaultRecord(of: name).map { .record($0) } ?? .variant(variant)
    }
    if access(name, F_OK) == 0 { return .file(name) }
    let names = catalog.records.map(\.name) + registry.allVariants.map(\.name)
    throw ZooError.notFound("no model is called \(name)" + suggestion(name, among: names))
  }

  /// The file of a record's checkpoint; nil if it is not on this machine.
  public func installed(_ record: Catalog.Record) -> String? {
    switch record.place {
    case .included(let file, _): Zoo.included(file)
    case .published(let source): cache?.installed(record.name, from: source.digest)
    }
  }

  /// The checkpoint file of a name, which must exist on this machine.
  public func path(of name: String) throws -> String {
    switch try reference(name) {
    case .file(let path): return path
    case .record(let record):
      guard let path = installed(record) else {
        throw ZooError.unavailable(
          record.source == nil
            ? "the weights of \(record.name) come with zoo, but are not here: put its folder Weights "
              + "beside the program, or set ZOO_SHARE to it"
            : "the weights of \(record.name) are not installed; 'zoo pull \(record.name)' downloads them"
        )
      }
      cache?.markUsed(path)
      return path
    case .variant(let variant):
      throw ZooError.unavailable(
        "no weights are published for \(variant.name); import a checkpoint")
    }
  }

  /// A file that comes with the program: under `$ZOO_SHARE`, beside an installed binary, in the
  /// repository in which the binary was built, or in the sources of this package, for a program that
  /// depends on it and has not left the machine on which it was built.
  private static func included(_ file: String) -> String? {
    var folders = getenv("ZOO_SHARE").map { [String(path: $0)] } ?? []
    var folder = executablePath[...]
    while let slash = folder.lastIndex(of: "/") {
      folder = folder[..<slash]
      folders += ["\(folder)/share/zoo/Weights", "\(folder)/Weights"]
    }
    // Three names up from Sources/ModelZoo/Zoo+Names.swift.
    let sources = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    folders.append(sources.joined(separator: "/") + "/Weights")
    return folders.map { "\($0)/\(file)" }.first { access($0, R_OK) == 0 }
  }

  private static var executablePath: String {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &bytes, bytes.count)
    return bytes.withUnsafeBytes {
      String(path: UnsafeRawBufferPointer(rebasing: $0.prefix(max(0, count))))
    }
  }
}

extension Catalog.Source {
  /// The strongest digest that the publisher states.
  public var digest: Digest {
    if let sha256 { return sha256.count == 64 ? .sha256(sha256) : .sha256Prefix(sha256) }
    return .md5(md5 ?? "")
  }
}
