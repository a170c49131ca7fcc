@preconcurrency import Glibc
import ModelZoo
import ZooArguments
import ZooKit

struct DataVerb: Verb {
  let name = "data"
  let summary = "make scenes and the transfer task from Fashion-MNIST"
  let discussion = """
    The same pictures everywhere and every time. What is in the folder already stays as it is.
    """
  let source = Option(
    "--source", value: "DIR", default: "/usr/share/datasets/fashion-mnist",
    help: "where Debian's dataset-fashion-mnist is", completion: .folders)
  let output = Option<String>(
    "-o", "--output", value: "DIR", help: "the folder of the data sets", completion: .folders)
  var arguments: [any Argument] { [output, source] }

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
    let sets: [(String, (DataFolder) throws -> Void)] = [
      ("fashion-eight", { try TransferTask(fashion).writeEight(to: $0) }),
      ("fashion-two", { try TransferTask(fashion).writeTwo(to: $0) }),
      ("scenes", { try Scene.writeAll(of: fashion, to: $0) }),
    ]
    for (name, write) in sets {
      let made = try DataFolder.make("\(folder)/\(name)", write)
      if try !input[Workshop.quiet] {
        fputs("\(folder)/\(name) \(made ? "made" : "is there already")\n", stderr)
      }
    }
  }
}
