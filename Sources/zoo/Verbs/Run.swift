import ModelZoo
import ZooArguments

struct RunVerb: Verb {
  let name = "run"
  let summary = "raw tensors in, raw tensors out"
  let discussion = """
    Feeds a batch N×C×H×W from a safetensors file to a model and writes its outputs, and any \
    operation or stage that --keep names, to another: the tool for comparing with a reference.
    """
  let examples: KeyValuePairs = [
    "zoo run resnet18 --input x.safetensors -o y.safetensors --keep layer1":
      "the logits and what leaves layer1"
  ]
  let source = Option<String>(
    "--input", value: "X", help: "the tensor “image” or “input”, or the only one",
    completion: .files(endings: ["safetensors"]))
  let output = Option<String>(
    "-o", "--output", value: "Y", help: "where to write",
    completion: .files(endings: ["safetensors"]))
  let keep = Option<[String]>("--keep", value: "NODE", help: "an operation or stage to write too")
  var arguments: [any Argument] { [Common.model, source, output, keep, Common.precision] }

  func run(_ input: Parsed) throws {
    let model = try input.zoo().model(input[Common.model])
    let file = try SafeTensors(input[source])
    let names = [model.graph.inputs[0].name, "input"]
    let only = file.tensors.count == 1 ? file.tensors.first : nil
    guard let info = file.tensors.first(where: { names.contains($0.name) }) ?? only else {
      throw ZooError.corrupt("\(file.origin) has several tensors and none is called image or input")
    }
    guard info.shape.rank == 4, info.shape.sizes[1] == model.checkpoint.input.channels,
      info.shape.count > 0
    else {
      throw ZooError.corrupt(
        "\(file.origin): \(info.name) is \(info.shape), "
          + "N×\(model.checkpoint.input.channels)×H×W was expected")
    }
    let values = try model.run(
      file.tensor(info.name), keeping: input[keep], engine: input[Common.engine],
      precision: input[Common.precision])
    var outputs = Weights()
    for name in model.graph.outputs.map(\.name) + (try input[keep]) { outputs[name] = values[name] }
    let path = try input[output]
    try SafeTensors.write(outputs, to: path)
    if try input.wantsJSON {
      emit([
        "model": JSON(model.name), "path": JSON(path),
        "outputs": JSON(.object(outputs.map { ($0.name, JSON($0.tensor.shape.sizes)) })),
      ])
    } else {
      for (name, tensor) in outputs { print("\(name)  \(tensor.shape)") }
    }
  }
}
