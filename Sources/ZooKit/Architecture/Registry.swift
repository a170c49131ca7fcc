import CZoo

/// A member of a family, under the name that users type.
public struct Variant: Sendable {
  public let name: String
  public let architecture: any Architecture

  package init(name: String, architecture: any Architecture) {
    self.name = name
    self.architecture = architecture
  }

  public var family: String { type(of: architecture).name }
  public var paper: String { type(of: architecture).paper }

  /// The network as data.
  /// - Parameters:
  ///   - head: the head; defaults to the family's own for its usual classes.
  ///   - input: the picture size, if not the usual one.
  ///   - normEpsilon: the epsilon of the checkpoint's training, if not the family's.
  public func graph(head: Head? = nil, input: Shape? = nil, normEpsilon: Double? = nil) throws
    -> Graph
  {
    do {
      return try Graph(normEpsilon: normEpsilon) { makeInput in
        let image = makeInput("image", input ?? architecture.input)
        return architecture.outputs(image, head ?? .original(classes: architecture.classes))
      }
    } catch let error as ZooError {
      throw ZooError(error.kind, "\(name): \(error.message)")
    }
  }
}

/// All known families. Plugins register themselves by placing a function in a section of their
/// object file, so the host's source code contains no family's name.
///
/// ```swift
/// @section("zoo_plugins") @used
/// private let registration: Registration = { $0.register(VGG.self) }
/// ```
public struct Registry: Sendable {
  public struct Family: Sendable {
    public let name: String
    public let paper: String
    /// The file that contains it: the program itself or a dynamic library.
    public let origin: String
    /// Sorted by name, `resnet18` before `resnet101`.
    public let variants: [Variant]
    /// For tests; users cannot look them up by name.
    public let miniatures: [Variant]
  }

  /// Sorted by name.
  public private(set) var families: [Family] = []
  private var variants: [String: Variant] = [:]

  public init() {}

  /// All families linked into this program.
  public static func linked() throws -> Registry {
    var registry = Registry()
    try registry.add(origin: "built in", from: zoo_plugins_begin(), to: zoo_plugins_end())
    return registry
  }

  /// Runs the registrations between two bounds. Two families or variants of one name are an error.
  package mutating func add(
    origin: String, from begin: UnsafePointer<ZooRegistration?>?,
    to end: UnsafePointer<ZooRegistration?>?
  ) throws {
    guard let begin, let end else { return }
    let collector = Collector()
    for registration in UnsafeBufferPointer(start: begin, count: end - begin) {
      registration?(ZooRegistrar(registry: Unmanaged.passUnretained(collector).toOpaque()))
    }
    for architecture in collector.architectures { try add(architecture, origin: origin) }
  }

  /// Adds one family explicitly, as tests do.
  public mutating func add(_ family: any Architecture.Type, origin: String = "added") throws {
    if let other = families.first(where: { $0.name == family.name }) {
      throw ZooError.failure(
        "the family \(family.name) exists twice: \(other.origin), and \(origin)")
    }
    let members = family.instances.map { Variant(name: $0.key, architecture: $0.value) }
    for member in members {
      if let other = variants[member.name] {
        throw ZooError.failure(
          "the families \(other.family) and \(family.name) both have a variant \(member.name): "
            + "\(families.first { $0.name == other.family }?.origin ?? origin), and \(origin)")
      }
      variants[member.name] = member
    }
    families.append(
      .init(
        name: family.name, paper: family.paper, origin: origin,
        variants: members.sorted { naturallyPrecedes($0.name, $1.name) },
        miniatures: family.small.map { Variant(name: $0.key, architecture: $0.value) }
          .sorted { naturallyPrecedes($0.name, $1.name) }))
    families.sort { $0.name < $1.name }
  }

  public var allVariants: [Variant] { families.flatMap(\.variants) }

  /// The variant of that name, or an error that suggests near names.
  public func variant(_ name: String) throws -> Variant {
    if let variant = variants[name] { return variant }
    throw ZooError.notFound(
      "no variant is called \(name)" + suggestion(name, among: variants.keys))
  }
}

/// The function that a plugin places in the section `zoo_plugins`.
public typealias Registration = @convention(c) (Registrar) -> Void
public typealias Registrar = ZooRegistrar

extension ZooRegistrar {
  /// Adds a family. This function is emitted into the plugin's own object, together with the text
  /// in `zoo_interface.h` that identifies the interface of its build.
  @_alwaysEmitIntoClient
  public func register(_ family: any Architecture.Type) {
    register(family, builtFor: zoo_interface())
  }

  /// - Parameter interface: a parameter so that the plugin's object must contain the text, which
  ///   was already read from the file.
  public func register(_ family: any Architecture.Type, builtFor interface: UnsafePointer<CChar>?) {
    Unmanaged<Collector>.fromOpaque(registry).takeUnretainedValue().architectures.append(family)
  }
}

private final class Collector {
  var architectures: [any Architecture.Type] = []
}

extension Architecture {
  fileprivate static var instances: [String: any Architecture] { variants }
  fileprivate static var small: [String: any Architecture] { miniatures }
}
