import ModelZoo
import ZooArguments

struct RunVerb: Verb {
  let name = "run"
  let summary = "run a network on raw tensors"
  let discussion = """
    Reads a batch N×C×H×W from a safetensors file and writes the outputs of the model, and of any \
    operation or stage that --keep names, to another one. --compare checks them against reference \
    values of the same names, in network order, and reports the first that differs.
    """
  let examples: KeyValuePairs = [
    "zoo run resnet18 --input x.safetensors -o y.safetensors --keep layer1":
      "write the logits and the output of layer1",
    "zoo run resnet18 --input x.safetensors --compare torch.safetensors":
      "find the first layer that differs",
  ]
  let source = Option<String>(
    "--input", value: "X", help: "file with a tensor “image” or “input”, or with only one",
    completion: .files(endings: ["safetensors"]))
  let output = Option<String?>(
    "-o", "--output", value: "Y", help: "file to write; required without --compare",
    completion: .files(endings: ["safetensors"]))
  let reference = Option<String?>(
    "--compare", value: "REF", help: "file of reference values for the same input",
    completion: .files(endings: ["safetensors"]))
  let tolerance = Option(
    "--tolerance", value: "T", default: 1e-4, in: 0...1,
    help: "largest relative error that --compare accepts")
  let keep = Option<[String]>("--keep", value: "NODE", help: "operation or stage to write too")
  var arguments: [any Argument] {
    [Common.model, source, output, keep, reference, tolerance, Common.precision]
  }

  func run(_ input: Parsed) throws {
    let path = try input[output]
    let reference = try input[reference].map { try SafeTensors($0) }
    guard path != nil || reference != nil else {
      throw ZooError.usage("--output Y or --compare REF is required")
    }
    let model = try input.zoo().model(input[Common.model])
    let file = try SafeTensors(input[source])
    let names = [model.graph.inputs[0].name, "input"]
    let only = file.tensors.count == 1 ? file.tensors.first : nil
    guard let info = file.tensors.first(where: { names.contains($0.name) }) ?? only else {
      throw ZooError.corrupt(
        "\(file.origin) has several tensors, none of them called image or input")
    }
    guard info.shape.rank == 4, info.shape.sizes[1] == model.checkpoint.input.channels,
      info.shape.count > 0
    else {
      throw ZooError.corrupt(
        "\(file.origin): \(info.name) is \(info.shape); "
          + "expected N×\(model.checkpoint.input.channels)×H×W")
    }
    // The reference file may contain the input too.
    let given = reference?.tensors.map(\.name).first { names.contains($0) }
    let compared = reference.map { Comparison.names($0, in: model.graph, except: given) } ?? []
    let values = try model.run(
      file.tensor(info.name), keeping: input[keep] + compared, engine: input[Common.engine],
      precision: input[Common.precision])
    if let path { try write(values, of: model, to: path, input) }
    if let reference {
      try compare(
        Comparison(values, with: reference, in: model.graph, except: given), reference, model, input
      )
    }
  }

  private func write(
    _ values: [String: Tensor], of model: Model, to path: String, _ input: Parsed
  ) throws {
    var outputs = Weights()
    for name in model.graph.outputs.map(\.name) + (try input[keep]) { outputs[name] = values[name] }
    try SafeTensors.write(outputs, to: path)
    // With --compare, only the comparison is printed.
    guard try input[reference] == nil else { return }
    if try input.wantsJSON {
      emit([
        "model": JSON(model.name), "path": JSON(path),
        "outputs": JSON(.object(outputs.map { ($0.name, JSON($0.tensor.shape.sizes)) })),
      ])
    } else {
      for (name, tensor) in outputs { print("\(name)  \(tensor.shape)") }
    }
  }
  private func compare(
    _ comparison: Comparison, _ reference: SafeTensors, _ model: Model, _ input: Parsed
  ) throws {
    let tolerance = try input[tolerance]
    for (name, near) in comparison.strangers {
      try input.remark(
        "zoo: \(reference.origin): the network has no value \(name)"
          + (near.map { "; did you mean \($0)?" } ?? ""))
    }
    guard !comparison.rows.isEmpty else {
      throw ZooError.corrupt("\(reference.origin) has no value in common with \(model.name)")
    }
    if try input.wantsJSON {
      emit(comparison.json(model: model.name, tolerance: tolerance))
    } else {
      print(comparison.report(tolerance: tolerance))
    }
    guard let (row, before) = comparison.first(over: tolerance) else { return }
    throw ZooError.corrupt(
      "\(reference.origin): \(row.name) is the first that differs"
        + (row.error.isFinite ? ", by \(row.error)" : "") + ", \(tolerance) is allowed"
        + (before.map { "; \($0.name) before it agrees" } ?? ""))
  }
}
