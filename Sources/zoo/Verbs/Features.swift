import ModelZoo
import ZooArguments

struct FeaturesVerb: Verb {
  let name = "features"
  let summary = "extract features of a data set"
  let discussion = """
    Writes an HDF5 file with “features” (pictures along the first axis), “names”, “splits” and, if \
    the data set has them, “labels” and “classes”. Feature maps are averaged per channel unless \
    --maps is given.
    """
  let examples: KeyValuePairs = [
    "zoo features resnet50 --data photos -o photos.h5": "2048 numbers per picture",
    "zoo features resnet50 --data photos -o maps.h5 --node layer2 --maps":
      "feature maps of a stage",
  ]
  let output = Option<String>(
    "-o", "--output", value: "F.h5", help: "file to write", completion: .files(endings: ["h5"]))
  let node = Option<String?>(
    "--node", value: "NODE", help: "operation or stage to read; by default the head's input")
  let maps = Flag("--maps", help: "do not average feature maps")
  let batch = Option("--batch", value: "N", default: 16, in: 1...65_536, help: "pictures per batch")
  var arguments: [any Argument] {
    Learning.modelAndData + [output, node, maps, batch]
  }

  func run(_ input: Parsed) throws {
    let model = try input.zoo().model(input[Common.model])
    let data = try Learning.place(input).open()
    try input.remark("\(data)")
    let progress = Progress(model.name, unit: .items("images"), quiet: try input[Common.quiet])
    let features = try model.features(
      of: data, node: input[node], pooled: !input[maps], engine: input[Common.engine],
      batch: input[batch]
    ) { progress.update(done: $0, of: $1) }
    progress.finish()
    let path = try input[output]
    try features.write(to: path)
    if try input.wantsJSON {
      return emit([
        "path": JSON(path), "model": JSON(model.name), "node": JSON(features.node),
        "shape": JSON(features.values.shape.sizes), "classes": JSON(features.classes),
      ])
    }
    print("\(path.printable)  \(features.node)  \(features.values.shape)")
  }
}
