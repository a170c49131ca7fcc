import ModelZoo
import ZooArguments

struct ExportVerb: Verb {
  let name = "export"
  let summary = "convert weights for other tools"
  let discussion = """
    Writes the weights under the names of their lineage, torchvision's for most families, and prints \
    the lines of Python that load them. Classes and preprocessing come along: in safetensors as \
    metadata, in a .pth as the entry zoo.json, which PyTorch ignores; 'zoo import' reads both.
    """
  let examples: KeyValuePairs = [
    "zoo export bees.h5 --format pytorch -o bees.pth": "export for torch.load",
    "zoo export bees.h5 --format safetensors -o bees.safetensors":
      "export for safetensors, with classes and preprocessing as metadata",
    "zoo export vgg16 --format keras-h5 -o vgg16.h5": "export for Keras' load_weights",
  ]
  let format = Option<ExportFormat>("--format", value: "F", help: "format to write")
  let output = Option<String>(
    "-o", "--output", value: "OUT", help: "file to write", completion: .files(endings: []))
  var arguments: [any Argument] { [Common.model, format, output] }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let model = try zoo.model(input[Common.model])
    let path = try input[output]
    let export = try zoo.export(model, as: input[format], to: path)
    if try input.wantsJSON {
      emit([
        "model": JSON(model.name), "path": JSON(path), "format": JSON(try input[format].rawValue),
        "tensors": JSON(export.tensors), "python": JSON(export.python),
      ])
    } else {
      print("\(path.printable)  \(export.tensors) tensors; in Python:")
      for line in export.python { print("  \(line.printable)") }
    }
  }
}
