import ZooKit
import ZooStore

/// Pictures with annotations, read from a folder of one of the usual kinds.
///
/// ```swift
/// let data = try Dataset.open("hymenoptera")
/// print(data)        // ImageFolder hymenoptera: 2 classes (ants, bees); train 244, val 153 pictures
/// let sample = try data["train"]?.items[0].sample()
/// ```
///
/// Pictures are decoded on demand; annotations are read and checked at once.
public struct Dataset: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case imageFolder = "ImageFolder"
    case voc = "VOC"
    case coco = "COCO"
    case yolo = "YOLO"
    case masks = "pictures and masks"
    case idx = "IDX"
    case cifar10 = "CIFAR-10"
    case labelTable = "pictures and classes"
    case boxTable = "pictures and boxes"
    case numbers = "pictures and numbers"
    case numberedNames = "numbers in file names"

    /// Its ``Dataset/classes`` are the names of numbers.
    var holdsNumbers: Bool { self == .numbers || self == .numberedNames }
  }

  public let path: String
  public let kind: Kind
  public let task: VisionTask
  /// By name, in natural order or the data set's own; independent of the file system. The names of
  /// the numbers where the data set has numbers.
  public let classes: [String]
  /// Those of `train`, `val`, `test` or `all` that exist; none is empty.
  public let splits: [Split]
  /// Skipped files and their reasons, one per line.
  public let warnings: [String]

  public subscript(split: String) -> Split? { splits.first { $0.name == split } }

  init(
    _ path: String, _ kind: Kind, _ task: VisionTask, classes: [String], splits: [Split],
    warnings: [String] = []
  ) throws {
    let splits = splits.filter { !$0.items.isEmpty }
    guard !splits.isEmpty else {
      let reason = warnings.first.map { ": \($0)" } ?? ""
      throw ZooError.corrupt("\(path) is a \(kind.rawValue) data set without pictures\(reason)")
    }
    let order = ["train", "val", "test", "all"]
    self.path = path
    self.kind = kind
    self.task = task
    self.classes = classes
    self.splits = splits.sorted { a, b in
      (order.firstIndex(of: a.name) ?? 9, a.name) < (order.firstIndex(of: b.name) ?? 9, b.name)
    }
    self.warnings = warnings
  }
}

extension Dataset: CustomStringConvertible {
  public var description: String {
    let names = classes.prefix(8).map(\.printable).joined(separator: ", ")
    let more = classes.count > 8 ? ", …" : ""
    let counts = splits.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    let words = kind.holdsNumbers ? ("number", "numbers") : ("class", "classes")
    return "\(kind.rawValue) \(path.printable): \(classes.count) "
      + "\(classes.count == 1 ? words.0 : words.1) (\(names)\(more)); \(counts) pictures"
  }
}

/// Flaws of a data set, collected while it is read. A few are reported; if more than a twentieth of
/// the pictures are broken, it is an error.
struct Flaws {
  /// The tolerated share of broken pictures.
  static let tolerance = 0.05
  static let mostNamed = 20

  let path: String
  private(set) var broken = 0
  private(set) var lines: [String] = []
  private(set) var unnamed = 0
  /// The first broken picture. Notes before it name nothing that an error is about.
  private var cause: String?

  init(_ path: String) { self.path = path }

  /// Reports something that is skipped without harm.
  mutating func note(_ line: String) {
    if lines.count < Flaws.mostNamed { lines.append(line.printable) } else { unnamed += 1 }
  }

  /// Reports an unusable picture or annotation.
  mutating func drop(_ line: String) {
    broken += 1
    cause = cause ?? line.printable
    note(line)
  }

  /// The lines; throws if too many pictures are broken.
  func warnings(of total: Int) throws -> [String] {
    if Double(broken) > Flaws.tolerance * Double(total) {
      throw ZooError.corrupt(
        "\(path): \(broken) of \(total) pictures are broken, at most 5 % may be; the first: "
          + (cause ?? ""))
    }
    return lines + (unnamed > 0 ? ["… and \(unnamed) more"] : [])
  }
}
