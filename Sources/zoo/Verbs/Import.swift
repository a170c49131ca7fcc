import ModelZoo
import ZooArguments

/// Arguments that `import` and `diff` share.
enum Foreign {
  static let file = Positional<String>(
    "FILE", help: "PyTorch, safetensors, Keras, Darknet or zoo checkpoint",
    completion: .files(endings: ["pth", "pt", "th", "safetensors", "h5", "keras", "weights"]))
  static let variant = Option<String?>(
    "--as", value: "VARIANT",
    help: "variant that the file has weights for; by default the one that fits", completion: .models
  )
  static let classes = Option<String?>(
    "--classes", value: "FILE|LIST|N",
    help: "class names in output order: a file with one per line, “a,b,c”, or their number",
    completion: .files(endings: ["txt", "names"]))
  static let head = Option<ForeignHead?>(
    "--head", value: "H", help: "“none” if the file has no head")
  static let renames = Option<[String]>(
    "--rename", value: "FROM=TO",
    help: "rename FROM in the file to TO; a star matches any word or part of one")
}

/// Whether a foreign file has the original head or none.
enum ForeignHead: String, CaseIterable, ArgumentValue {
  case original, none

  var kind: Head.Kind { self == .original ? .original : .none }
}

extension Parsed {
  /// The foreign file compared with the variant, with the classes that are stated.
  func fitting(_ zoo: Zoo, preprocessing: Preprocessing? = nil, task: VisionTask? = nil) throws
    -> Zoo.Fitting
  {
    try zoo.fit(
      self[Foreign.file], as: self[Foreign.variant],
      classes: try self[Foreign.classes].map(classNames), head: try self[Foreign.head]?.kind,
      renames: try self[Foreign.renames].map(rename), preprocessing: preprocessing, task: task)
  }

  /// Reports which variant was guessed, and others that fit as well.
  func remarkGuess(of fitting: Zoo.Fitting) throws {
    guard try self[Foreign.variant] == nil else { return }
    let others = fitting.ties.joined(separator: ", ")
    try remark(
      "taken as \(fitting.variant.name)"
        + (others.isEmpty ? "" : "; \(others) would fit as well: --as VARIANT chooses"))
  }

  /// Reports a prefix that was dropped automatically.
  func remarkPrefix(of plan: LoadPlan) throws {
    guard !plan.prefix.isEmpty else { return }
    try remark("every name in \(plan.source.origin) begins with “\(plan.prefix)”, which is dropped")
  }

  private func rename(_ text: String) throws -> Rename {
    let sides = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    guard sides.count == 2 else {
      throw ZooError.usage("--rename wants FROM=TO, not “\(text)”")
    }
    do { return try Rename(from: sides[0], to: sides[1]) } catch let error as ZooError {
      throw ZooError.usage("--rename: \(error.message)")
    }
  }
}

struct ImportVerb: Verb {
  let name = "import"
  let summary = "convert a checkpoint from another framework"
  let discussion = """
    The variant is the one that fits names and shapes best, unless --as names it. Every tensor must \
    fit, which is checked before any data is read. With --partial, only tensors that fit are taken, and the others are reported. A prefix shared by all \
    names is stripped if everything then fits. A file whose digest is in the catalogue is installed \
    in the cache under its name; any other is written to OUT.h5, by default VARIANT.h5.
    """
  let examples: KeyValuePairs = [
    "zoo import resnet18-f37072fd.pth": "import an official file",
    "zoo import bees.pth --as resnet18 --classes ants,bees -o bees.h5": "import your own",
    "zoo import old.pth --as vgg16 --preprocessing caffe": "import a file trained in Caffe",
    "zoo import age.pth --as resnet18 --task regression --classes age":
      "import a network that predicts a number",
  ]
  let output = Option<String?>(
    "-o", "--output", value: "OUT.h5", help: "file to write; by default VARIANT.h5",
    completion: .files(endings: ["h5"]))
  let partial = Flag(
    "--partial", help: "take what fits; the rest is random, see --seed")
  let preprocessing = Option<String?>(
    "--preprocessing", value: "FILE|NAME",
    help: "how pictures are prepared, if not as in the catalogue: a JSON file, a model, or "
      + Normalisation.allCases.map(\.rawValue).joined(separator: ", "),
    completion: .files(endings: ["json", "h5"]))
  let task = Option<String?>(
    "--task", value: "T", of: Tasks.names.map(\.rawValue),
    help: "task of the weights, if not the variant's usual one; --classes names the numbers of a "
      + "regression")
  var arguments: [any Argument] {
    [
      Foreign.file, Foreign.variant, output, Foreign.classes, task, preprocessing, Foreign.head,
      Foreign.renames, partial,
    ]
  }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let stated = try input[preprocessing].map {
      let guessed = try input[Foreign.variant] ?? input.fitting(zoo).variant.name
      return try zoo.preprocessing($0, for: guessed)
    }
    let fitting = try input.fitting(
      zoo, preprocessing: stated, task: input[task].map(VisionTask.init(rawValue:)))
    let policy: LoadPlan.Policy = try input[partial] ? .partial : .strict
    let seed = UInt64(try input[Common.seed])
    let path: String
    if let output = try input[output] {
      path = output
      try fitting.write(to: path, policy, seed: seed)
    } else if fitting.isOfficial, policy == .strict, let record = fitting.record {
      path = try zoo.install(fitting, record)
    } else {
      path = "\(fitting.variant.name).h5"
      try fitting.write(to: path, policy, seed: seed)
    }

    let plan = fitting.plan
    try input.remarkGuess(of: fitting)
    try input.remarkPrefix(of: plan)
    if try input.wantsJSON {
      guard case .object(let members) = plan.json(variant: fitting.variant.name).content else {
        return
      }
      return emit(JSON(.object([("path", JSON(path))] + members)))
    }
    print(
      "\(path.printable)  \(fitting.variant.name), \(plan.matched.count) tensors, \(plan.percent)")
    for line in plan.differences { print(line.printable) }
    if let record = fitting.record, let remark = fitting.remark(record) { try input.remark(remark) }
  }
}

extension Zoo.Fitting {
  /// Notes what was taken from the catalogue, if anything.
  fileprivate func remark(_ record: Catalog.Record) -> String? {
    if exported != nil { return nil }
    if isOfficial { return "this is \(record.name), according to its digest" }
    return switch (statesClasses || classes.isEmpty, statesPreprocessing) {
    case (false, false): "assuming the classes and preprocessing of \(record.name)"
    case (false, true): "assuming the classes of \(record.name)"
    case (true, false): "assuming the preprocessing of \(record.name)"
    case (true, true): nil
    }
  }
}
