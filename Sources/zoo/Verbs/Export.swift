import ModelZoo
import ZooArguments

struct ExportVerb: Verb {
  let name = "export"
  let summary = "convert weights for other tools"
  let examples: KeyValuePairs = [
    "zoo export bees.h5 --format safetensors -o bees.safetensors": "export for PyTorch",
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
    try zoo.export(model, as: input[format], to: path)
    if try input.wantsJSON {
      emit([
        "model": JSON(model.name), "path": JSON(path), "format": JSON(try input[format].rawValue),
        "tensors": JSON(model.weights.count),
      ])
    } else {
      print("\(path)  \(model.weights.count) tensors")
    }
  }
}
