import CCatalog
import Glibc
import ZooFetch
import ZooKit
import ZooStore

/// The catalogue, every linked family and the weights on this machine.
///
/// ```swift
/// let zoo = try Zoo()
/// let model = try zoo.model("resnet18")
/// let answer = try model.classify(Picture(contentsOf: "cat.jpg"))
/// print(answer.top[0].name, answer.top[0].probability)
/// ```
public struct Zoo: Sendable {
  /// The version of this library and of the program `zoo`.
  public static let version = "0.1.0"

  public let catalog: Catalog
  public let registry: Registry
  /// Nil if there is no home folder for weights.
  public let cache: Cache?

  /// The catalogue that came with the program, or the one that `$ZOO_CATALOG` names.
  /// - Parameter plugins: dynamic libraries with additional families.
  public init(plugins: [String] = []) throws {
    var registry = try Registry.linked()
    for plugin in plugins { try registry.load(plugin: plugin) }
    try self.init(registry: registry)
  }

  /// The same catalogue, and the families of this registry.
  public init(registry: Registry) throws {
    if let path = getenv("ZOO_CATALOG").map({ String(path: $0) }), !path.isEmpty {
      let file = try RandomAccessFile(path)
      try self.init(
        catalog: try Catalog(
          parsing: file.read(at: 0, count: file.size), origin: path, knowing: Tasks.names),
        registry: registry)
    } else {
      let text = UnsafeBufferPointer(start: zoo_catalog(), count: zoo_catalog_size())
      try self.init(
        catalog: try Catalog(parsing: text, origin: "Catalog.json", knowing: Tasks.names),
        registry: registry)
    }
  }

  public init(catalog: Catalog, registry: Registry? = nil, cache: Cache? = try? Cache()) throws {
    self.catalog = catalog
    self.registry = try registry ?? .linked()
    self.cache = cache
  }
}
