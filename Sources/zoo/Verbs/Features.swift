import ModelZoo
import ZooArguments

struct FeaturesVerb: Verb {
  let name = "features"
  let summary = "what a network makes of a folder of pictures"
  let discussion = """
    Writes an HDF5 file with “features”, pictures along the first axis, their “names” and “splits”, \
    and “labels” with “classes” where the folder tells. Maps are averaged to one number for each \
    channel unless --maps is given.
    """
  let examples: KeyValuePairs = [
    "zoo features resnet50 --data photos -o photos.h5": "2048 numbers for each picture",
    "zoo features resnet50 --data photos -o maps.h5 --node layer2 --maps": "maps of a stage",
  ]
  let output = Option<String>(
    "-o", "--output", value: "F.h5", help: "where to write", completion: .files(endings: ["h5"]))
  let node = Option<String?>(
    "--node", value: "NODE", help: "an operation or a stage; what the head takes by default")
  let maps = Flag("--maps", help: "keep maps as they are")
  let batch = Option("--batch", value: "N", default: 16, in: 1...65_536, help: "pictures at once")
  var arguments: [any Argument] { [Common.model, Learning.data, output, node, maps, batch] }

  func run(_ input: Parsed) throws {
    let model = try input.zoo().model(input[Common.model])
    let data = try Dataset.open(input[Learning.data])
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
    print("\(path)  \(features.node)  \(features.values.shape)")
  }
}
