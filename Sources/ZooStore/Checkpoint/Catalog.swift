import ZooKit

/// The known checkpoints and how to use them: one record each.
///
/// Adding weights costs one record and adding an architecture none, so the catalogue is data.
/// Reading is strict: a duplicate key, an unknown key or a wrong type is an error that names the
/// line.
public struct Catalog: Sendable {
  /// One checkpoint.
  public struct Record: Sendable {
    /// `resnet50.imagenet1k-v2`
    public let name: String
    public let family: String
    public let variant: String
    /// Whether the variant's bare name means this record.
    public let isDefault: Bool
    public let task: VisionTask
    /// Empty if the file ends with the features.
    public let classes: [String]
    public let head: Head.Kind
    public let preprocessing: Preprocessing
    public let renames: [Rename]
    public let normEpsilon: Double?
    public let license: String
    public let paper: String
    public let place: Place
    public let metrics: [Metric]
  }

  /// The location of a record's weights.
  public enum Place: Sendable {
    /// A checkpoint in the clone, by its path under `Weights/`.
    case included(file: String, sha256: String)
    /// A publisher's file.
    case published(Source)
  }

  public struct Source: Sendable {
    public let url: String
    /// The whole digest, or the published prefix.
    public let sha256: String?
    public let md5: String?
    public let size: Int?
    /// The format of the file: “PyTorch”, “Keras”, …
    public let format: String
  }

  public let records: [Record]

  /// - Parameters:
  ///   - text: JSON.
  ///   - origin: for messages.
  ///   - tasks: that a record may be for; any where nil.
  public init(
    parsing text: some Sequence<UInt8>, origin: String, knowing tasks: [VisionTask]? = nil
  ) throws {
    var fields = try Fields(JSON(parsing: text, origin: origin), of: "the catalogue", in: origin)
    guard try fields.integer("version") == 1 else {
      throw fields.error("this program reads catalogues of version 1")
    }
    func members<T>(_ key: String, _ read: (JSON) throws -> T) throws -> [String: T] {
      var group = try fields.fields(key, of: "“\(key)”")
      return Dictionary(
        uniqueKeysWithValues: try group.rest().map { ($0.key, try read($0.value)) })
    }
    let shared = Shared(
      tasks: tasks,
      classes: try members("classes") { try Catalog.classes($0, origin) },
      preprocessing: try members("preprocessing") { try Preprocessing($0, in: origin) },
      renames: try members("renames") { json in
        guard let rules = json.list else {
          throw ZooError.corrupt("\(origin), line \(json.line): expected a list of renames")
        }
        return try rules.map { try Rename($0, in: origin) }
      })
    records = try fields.list("checkpoints").map { try Record($0, shared, origin) }
    try fields.finish()
    try check(origin)
  }

  /// The values that records refer to by name.
  struct Shared {
    /// Nil where any is taken.
    let tasks: [VisionTask]?
    let classes: [String: [String]]
    let preprocessing: [String: Preprocessing]
    let renames: [String: [Rename]]
  }

  private static func classes(_ json: JSON, _ origin: String) throws -> [String] {
    guard let names = json.list?.map(\.string), !names.contains(nil) else {
      throw ZooError.corrupt("\(origin), line \(json.line): expected a list of class names")
    }
    return names.compactMap { $0 }
  }

  /// Checks that names are unique and a variant has at most one default.
  private func check(_ origin: String) throws {
    var names: Set<String> = [], defaults: Set<String> = []
    for record in records {
      guard names.insert(record.name).inserted else {
        throw ZooError.corrupt("\(origin): two checkpoints are called \(record.name)")
      }
      if record.isDefault, !defaults.insert(record.variant).inserted {
        throw ZooError.corrupt("\(origin): \(record.variant) has two default checkpoints")
      }
    }
  }

  public subscript(name: String) -> Record? { records.first { $0.name == name } }

  public func records(of variant: String) -> [Record] {
    records.filter { $0.variant == variant }
  }

  /// The checkpoint that a bare variant name means.
  public func defaultRecord(of variant: String) -> Record? {
    let records = records(of: variant)
    return records.first(where: \.isDefault) ?? records.first
  }
}

extension Catalog.Record {
  init(_ json: JSON, _ shared: Catalog.Shared, _ origin: String) throws {
    var fields = try Fields(json, of: "a checkpoint", in: origin)
    func referred<T>(_ key: String, _ group: [String: T]) throws -> T {
      let name = try fields.string(key)
      guard let value = group[name] else {
        throw fields.error("“\(key)” refers to “\(name)”, which the catalogue does not have")
      }
      return value
    }
    name = try fields.string("name")
    family = try fields.string("family")
    variant = try fields.string("variant")
    isDefault = try fields.optional("default") { fields, key in try fields.bool(key) } ?? false
    task = VisionTask(rawValue: try fields.string("task"))
    guard shared.tasks?.contains(task) ?? true else {
      let known = (shared.tasks ?? []).map(\.rawValue).joined(separator: ", ")
      throw fields.error(
        "\(name) is for “\(task.rawValue)”, which this program does not know; it knows \(known)")
    }
    switch try fields.optional("head", { fields, key in try fields.string(key) }) {
    case nil: (head, classes) = (.original, try referred("classes", shared.classes))
    case "none": (head, classes) = (.none, [])
    case let other?: throw fields.error("“head” of \(name) is “\(other)”; it can only be “none”")
    }
    preprocessing = try referred("preprocessing", shared.preprocessing)
    renames = json["renames"] == nil ? [] : try referred("renames", shared.renames)
    normEpsilon = try fields.optional("normEpsilon") { fields, key in try fields.number(key) }
    license = try fields.string("license")
    paper = try fields.string("paper")
    if let file = try fields.optional("file", { fields, key in try fields.string(key) }) {
      place = .included(file: file, sha256: try fields.string("sha256"))
    } else {
      var source = try fields.fields("source", of: "the source of \(name)")
      place = .published(try Catalog.Source(&source))
      try source.finish()
    }
    metrics = try fields.list("metrics").map { try Metric($0, in: origin) }
    try fields.finish()
  }

  /// The network for the record's weights.
  public func graph(of variant: Variant) throws -> Graph {
    try variant.graph(
      head: head(classes: classes.count), input: input(of: variant), normEpsilon: normEpsilon)
  }

  /// The variant's input for pictures preprocessed by the record.
  public func input(of variant: Variant) -> Shape {
    let usual = variant.architecture.input
    return preprocessing.size.map { [usual.channels, $0.height, $0.width] } ?? usual
  }

  public var source: Catalog.Source? {
    if case .published(let source) = place { source } else { nil }
  }
}

extension Catalog.Source {
  init(_ fields: inout Fields) throws {
    func text(_ fields: inout Fields, _ key: String) throws -> String? {
      try fields.optional(key) { fields, key in try fields.string(key) }
    }
    url = try fields.string("url")
    sha256 = try text(&fields, "sha256") ?? text(&fields, "sha256Prefix")
    md5 = try text(&fields, "md5")
    size = try fields.optional("size") { fields, key in try fields.integer(key) }
    format = try fields.string("format")
    for digest in [sha256, md5].compactMap({ $0 }) {
      guard 8...64 ~= digest.count,
        digest.allSatisfy({ $0.isHexDigit && ($0.isNumber || $0.isLowercase) })
      else { throw fields.error("“\(digest)” is not a digest in lower-case hexadecimal") }
    }
    guard sha256 != nil || md5 != nil else {
      throw fields.error("\(url) has neither a SHA-256 nor an MD5")
    }
  }
}
