import ModelZoo
import ZooArguments

/// Arguments that `import` and `diff` share.
enum Foreign {
  static let file = Positional<String>(
    "FILE", help: "PyTorch, safetensors, Keras, Darknet or zoo checkpoint",
    completion: .files(endings: ["pth", "pt", "th", "safetensors", "h5", "keras", "weights"]))
  static let variant = Option<String>(
    "--as", value: "VARIANT", help: "variant that the file has weights for", completion: .models)
  static let classes = Option<String?>(
    "--classes", value: "FILE", help: "file of class names, one per line, in output order",
    completion: .files(endings: ["txt", "names"]))
  static let head = Option<ForeignHead?>(
    "--head", value: "H", help: "“none” if the file has no head")
  static let renames = Option<[String]>(
    "--rename", value: "FROM=TO",
    help: "rename FROM in the file to TO; a star matches any word or part of one")
}

/// Which end of the network a foreign file has.
enum ForeignHead: String, CaseIterable, ArgumentValue {
  case original, none

  var kind: Head.Kind { self == .original ? .original : .none }
}

extension Parsed {
  /// The foreign file compared with the variant, under the names of the classes file.
  func fitting(_ zoo: Zoo) throws -> Zoo.Fitting {
    try zoo.fit(
      self[Foreign.file], as: self[Foreign.variant],
      classes: try self[Foreign.classes].map(classNames), head: try self[Foreign.head]?.kind,
      renames: try self[Foreign.renames].map(rename))
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
    Every tensor must fit by name and shape, which is checked before any data is read. With \
    --partial, only tensors that fit are taken, and the others are reported. A file whose digest is \
    in the catalogue is installed in the cache under its name; any other is written to OUT.h5, by \
    default VARIANT.h5.
    """
  let examples: KeyValuePairs = [
    "zoo import resnet18-f37072fd.pth --as resnet18": "import an official file",
    "zoo import bees.pth --as resnet18 --classes bees.txt -o bees.h5": "import your own checkpoint",
  ]
  let output = Option<String?>(
    "-o", "--output", value: "OUT.h5", help: "file to write; by default VARIANT.h5",
    completion: .files(endings: ["h5"]))
  let partial = Flag(
    "--partial", help: "take what fits; the rest is random, see --seed")
  var arguments: [any Argument] {
    [
      Foreign.file, Foreign.variant, output, Foreign.classes, Foreign.head, Foreign.renames,
      partial,
    ]
  }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let fitting = try input.fitting(zoo)
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
    if try input.wantsJSON {
      guard case .object(let members) = plan.json(variant: fitting.variant.name).content else {
        return
      }
      return emit(JSON(.object([("path", JSON(path))] + members)))
    }
    print("\(path)  \(fitting.variant.name), \(plan.matched.count) tensors, \(plan.percent)")
    for line in plan.differences { print(line.printable) }
    if let record = fitting.record {
      try input.remark(
        fitting.isOfficial
          ? "this is \(record.name), according to its digest"
          : "assuming the classes and preprocessing of \(record.name)")
    }
  }
}

private func trimmed(_ line: Substring) -> String {
  guard let last = line.lastIndex(where: { !$0.isWhitespace }) else { return "" }
  return String(line[...last].drop(while: \.isWhitespace))
}

/// Class names from a file, a line each; spaces around a name do not count.
func classNames(_ path: String) throws -> [String] {
  let file = try RandomAccessFile(path)
  guard file.size <= 16 << 20 else { throw ZooError.corrupt("\(path) is no list of class names") }
  let bytes = try file.read(at: 0, count: file.size)
  guard let text = String(validating: bytes, as: UTF8.self) else {
    throw ZooError.corrupt("\(path) is no text in UTF-8")
  }
  var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    .map(trimmed)
  while lines.last?.isEmpty == true { lines.removeLast() }
  if let empty = lines.firstIndex(of: "") {
    throw ZooError.corrupt("\(path), line \(empty + 1): a class without a name")
  }
  guard !lines.isEmpty, Set(lines).count == lines.count else {
    throw ZooError.corrupt("\(path) names no class, or one twice")
  }
  return lines
}
