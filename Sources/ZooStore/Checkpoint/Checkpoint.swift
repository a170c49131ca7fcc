import ZooKit

/// The record of a checkpoint, in `/meta` of its file: everything needed to use its weights, and
/// their provenance.
public struct Checkpoint: Sendable {
  public static let formatVersion = 1

  public var family: String
  public var variant: String
  public var task: VisionTask
  /// Names in the order of the outputs; empty without a head.
  public var classes: [String]
  public var input: Shape
  public var head: Head.Kind
  public var preprocessing: Preprocessing
  /// The units of outputs that are numbers; nil if they need no scale.
  public var outputScale: OutputScale?
  /// The score that an answer must exceed to be shown, chosen on validation data; nil leaves it to
  /// the task.
  public var threshold: Double?
  /// The confidence of a classifier; nil if it was not fitted.
  public var confidence: Confidence?
  /// How pictures are told that are unlike those the model knows; nil if that was not fitted.
  public var novelty: Novelty?
  /// The epsilon of the weights' training, if not the family's.
  public var normEpsilon: Double?
  /// An SPDX identifier, or “unknown”.
  public var license: String
  public var provenance: Provenance
  public var metrics: [Metric]
  /// Randomly initialised tensors, which a partial import did not fill.
  public var random: [String]

  public init(
    family: String, variant: String, task: VisionTask, classes: [String], input: Shape,
    head: Head.Kind = .original, preprocessing: Preprocessing, outputScale: OutputScale? = nil,
    threshold: Double? = nil, normEpsilon: Double? = nil,
    license: String = "unknown", provenance: Provenance, metrics: [Metric] = [],
    random: [String] = []
  ) {
    self.family = family
    self.variant = variant
    self.task = task
    self.classes = classes
    self.input = input
    self.head = head
    self.preprocessing = preprocessing
    self.outputScale = outputScale
    self.threshold = threshold
    self.normEpsilon = normEpsilon
    self.license = license
    self.provenance = provenance
    self.metrics = metrics
    self.random = random
  }

  /// The origin of weights.
  public struct Provenance: Sendable {
    /// The catalogue's name, if it has one.
    public var name: String?
    /// The address of the published file.
    public var url: String?
    /// The digest of the imported file.
    public var sha256: String?
    /// The format of the file: “PyTorch zip”, “Keras HDF5”.
    public var format: String?
    /// How the weights were trained, if by this project's trainer.
    public var training: Training?

    public init(
      name: String? = nil, url: String? = nil, sha256: String? = nil, format: String? = nil,
      training: Training? = nil
    ) {
      self.name = name
      self.url = url
      self.sha256 = sha256
      self.format = format
      self.training = training
    }
  }

  /// Everything needed to repeat a training.
  public struct Training: Sendable {
    /// The initial model; nil for random weights.
    public var base: String?
    public var data: String
    /// The fingerprint of the pictures and their annotations.
    public var fingerprint: String
    public var pictures: Int
    /// Every option, including the seed.
    public var recipe: JSON
    /// The program's version.
    public var program: String
    /// The commit it was built from, if known.
    public var commit: String?
    /// The training curve: the values of all epochs for each column of the log.
    public var curve: JSON?
    /// The pictures of each part of the data; empty in records of older programs.
    public var parts: [Part]

    public init(
      base: String?, data: String, fingerprint: String, pictures: Int, recipe: JSON,
      program: String,
      commit: String? = nil, curve: JSON? = nil, parts: [Part] = []
    ) {
      self.base = base
      self.data = data
      self.fingerprint = fingerprint
      self.pictures = pictures
      self.recipe = recipe
      self.program = program
      self.commit = commit
      self.curve = curve
      self.parts = parts
    }
  }
}

extension Checkpoint {
  /// Reads `/meta`. A newer format, an unknown key or a wrong type is an error.
  public init(_ json: JSON, in origin: String) throws {
    var fields = try Fields(json, of: "the record", in: origin)
    let version = try fields.integer("version")
    guard version == Checkpoint.formatVersion else {
      throw fields.error(
        "format version \(version); this program reads version \(Checkpoint.formatVersion)")
    }
    family = try fields.string("family")
    variant = try fields.string("variant")
    task = VisionTask(rawValue: try fields.string("task"))
    classes = try fields.strings("classes")
    let sizes = try fields.integers("input")
    guard sizes.count == 3, sizes.allSatisfy({ 1...65_536 ~= $0 }),
      let input = Shape(checked: sizes)
    else { throw fields.error("“input” is not a picture's C, H and W") }
    self.input = input
    var head = try fields.fields("head", of: "the head")
    self.head = try Head.Kind(&head)
    try head.finish()
    guard input.count <= 1 << 27 else { throw fields.error("“input” is too large: \(input)") }
    preprocessing = try Preprocessing(try fields.json("preprocessing"), in: origin)
    let outputs = classes.count
    confidence = try fields.optional("confidence") { fields, key in
      var confidence = try fields.fields(key, of: "the confidence")
      let found = try Confidence(&confidence)
      try confidence.finish()
      return found
    }
    novelty = try fields.optional("novelty") { fields, key in
      var novelty = try fields.fields(key, of: "the novelty")
      let found = try Novelty(&novelty)
      try novelty.finish()
      return found
    }
    outputScale = try fields.optional("outputs") { fields, key in
      var scale = try fields.fields(key, of: "the scale of the outputs")
      let found = try OutputScale(&scale, count: outputs)
      try scale.finish()
      return found
    }
    threshold = try fields.optional("threshold") { fields, key in
      let threshold = try fields.number(key)
      guard 0...1 ~= threshold else {
        throw fields.error("“threshold” is \(threshold), a number from 0 to 1 was expected")
      }
      return threshold
    }
    normEpsilon = try fields.optional("normEpsilon") { fields, key in try fields.number(key) }
    license = try fields.text("license")
    var provenance = try fields.fields("provenance", of: "the provenance")
    self.provenance = try Provenance(&provenance)
    try provenance.finish()
    metrics = try fields.list("metrics").map { try Metric($0, in: origin) }
    random = try fields.optional("random") { fields, key in try fields.strings(key) } ?? []
    try fields.finish()
    guard Set(classes).count == classes.count, classes.isEmpty == (self.head == .none) else {
      throw fields.error("“classes” is empty or names a class twice")
    }
  }

  public var json: JSON {
    var members: [(key: String, value: JSON)] = [
      ("version", JSON(Checkpoint.formatVersion)), ("family", JSON(family)),
      ("variant", JSON(variant)), ("task", JSON(task.rawValue)), ("classes", JSON(classes)),
      ("input", JSON(input.sizes)), ("head", head.json), ("preprocessing", preprocessing.json),
    ]
    if let outputScale { members.append(("outputs", outputScale.json)) }
    if let threshold { members.append(("threshold", JSON(threshold))) }
    if let confidence { members.append(("confidence", confidence.json)) }
    if let novelty { members.append(("novelty", novelty.json)) }
    if let normEpsilon { members.append(("normEpsilon", JSON(normEpsilon))) }
    members += [
      ("license", JSON(license)), ("provenance", provenance.json),
      ("metrics", JSON(metrics.map(\.json))),
    ]
    if !random.isEmpty { members.append(("random", JSON(random))) }
    return JSON(.object(members))
  }
}

extension Checkpoint.Provenance {
  init(_ fields: inout Fields) throws {
    func text(_ fields: inout Fields, _ key: String) throws -> String? {
      try fields.optional(key) { fields, key in try fields.string(key) }
    }
    name = try text(&fields, "name")
    url = try text(&fields, "url")
    sha256 = try text(&fields, "sha256")
    format = try text(&fields, "format")
    training = try fields.optional("training") { fields, key in
      var training = try fields.fields(key, of: "the training")
      let found = try Checkpoint.Training(&training)
      try training.finish()
      return found
    }
  }

  var json: JSON {
    let texts = [("name", name), ("url", url), ("sha256", sha256), ("format", format)]
    var members = texts.compactMap { key, text in text.map { (key: key, value: JSON($0)) } }
    if let training { members.append(("training", training.json)) }
    return JSON(.object(members))
  }
}

extension Checkpoint.Training {
  fileprivate init(_ fields: inout Fields) throws {
    base = try fields.optional("base") { fields, key in try fields.string(key) }
    data = try fields.text("data")
    fingerprint = try fields.string("fingerprint")
    pictures = try fields.integer("pictures")
    recipe = try fields.json("recipe")
    program = try fields.string("program")
    commit = try fields.optional("commit") { fields, key in try fields.string(key) }
    curve = try fields.optional("curve") { fields, key in try fields.json(key) }
    let origin = fields.origin
    parts =
      try fields.optional("parts") { fields, key in
        try fields.list(key).map { try Checkpoint.Part($0, in: origin) }
      } ?? []
  }

  public var json: JSON {
    var members: [(key: String, value: JSON)] = [
      ("base", JSON(base)), ("data", JSON(data)), ("fingerprint", JSON(fingerprint)),
      ("pictures", JSON(pictures)), ("recipe", recipe), ("program", JSON(program)),
    ]
    if let commit { members.append(("commit", JSON(commit))) }
    if let curve { members.append(("curve", curve)) }
    if !parts.isEmpty { members.append(("parts", JSON(parts.map(\.json)))) }
    return JSON(.object(members))
  }
}

extension Head {
  /// The kind of a head, independent of the number of classes.
  public enum Kind: Hashable, Sendable {
    case original, linear
    case mlp(hidden: Int)
    /// Features only.
    case none

    /// The head for a number of classes.
    public func callAsFunction(classes: Int) -> Head {
      switch self {
      case .original: .original(classes: classes)
      case .linear: .linear(classes: classes)
      case .mlp(let hidden): .mlp(classes: classes, hidden: hidden)
      case .none: .none
      }
    }

    init(_ fields: inout Fields) throws {
      let kind = try fields.string("kind")
      switch kind {
      case "original": self = .original
      case "linear": self = .linear
      case "mlp": self = .mlp(hidden: try fields.integer("hidden"))
      case "none": self = .none
      default:
        throw fields.error("a head “\(kind)” is unknown; original, linear, mlp and none are known")
      }
    }

    var json: JSON {
      switch self {
      case .original: ["kind": "original"]
      case .linear: ["kind": "linear"]
      case .mlp(let hidden): ["kind": "mlp", "hidden": JSON(hidden)]
      case .none: ["kind": "none"]
      }
    }
  }
}
