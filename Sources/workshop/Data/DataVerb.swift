@preconcurrency import Glibc
import ModelZoo
import ZooArguments
import ZooKit

/// The data sets that can be made from Fashion-MNIST.
enum MadeSet: String, CaseIterable, ArgumentValue {
  case fashionEight = "fashion-eight"
  case fashionTwo = "fashion-two"
  case scenes
  case fewScenes = "few-scenes"

  /// The data of the recipes. The few scenes are a part of the scenes.
  static let usual: [MadeSet] = [.fashionEight, .fashionTwo, .scenes]

  func write(of fashion: Dataset, to folder: DataFolder) throws {
    switch self {
    case .fashionEight: try TransferTask(fashion).writeEight(to: folder)
    case .fashionTwo: try TransferTask(fashion).writeTwo(to: folder)
    case .scenes: try Scene.writeAll(of: fashion, to: folder)
    case .fewScenes: try Scene.writeFew(of: fashion, to: folder)
    }
  }
}

struct DataVerb: Verb {
  let name = "data"
  let summary = "make scenes and the transfer task from Fashion-MNIST"
  let discussion = """
    The pictures are the same on every machine and every time. Existing data sets are not changed.
    """
  let examples: KeyValuePairs = [
    "workshop data -o data": "the data of the recipes",
    "workshop data fashion-two few-scenes -o data": "the data of the demo",
  ]
  let sets = Positional<[MadeSet]>(
    "SET", atLeast: 0, help: "the sets to make; by default those of the recipes")
  let source = Option(
    "--source", value: "DIR", default: "/usr/share/datasets/fashion-mnist",
    help: "the folder of Debian's dataset-fashion-mnist", completion: .folders)
  let output = Option<String>(
    "-o", "--output", value: "DIR", help: "the folder of the data sets", completion: .folders)
  var arguments: [any Argument] { [sets, output, source] }

  func run(_ input: Parsed) throws {
    let folder = try input[output]
    if mkdir(folder, 0o777) != 0, errno != EEXIST {
      throw ZooError.cannot(.cannotCreate, "create the folder \(folder)", errno)
    }
    let fashion = try Dataset.open(try input[source])
    guard fashion.classes == Garment.names else {
      throw ZooError.corrupt(
        "\(fashion.path) is not Fashion-MNIST: its classes are "
          + fashion.classes.joined(separator: ", "))
    }
    let chosen = try input[sets]
    for set in chosen.isEmpty ? MadeSet.usual : chosen {
      let name = set.rawValue
      let made = try DataFolder.make("\(folder)/\(name)") { try set.write(of: fashion, to: $0) }
      if try !input[Workshop.quiet] {
        fputs("\(folder)/\(name) \(made ? "made" : "is there already")\n", stderr)
      }
    }
  }
}
