import ModelZoo
import ZooArguments

struct FiltersVerb: Verb {
  let name = "filters"
  let summary = "draw the kernels of a convolution"
  let discussion = """
    Writes the kernels as a picture, MODEL-LAYER.png: in colour where they see the picture's colours, \
    else the part for each input channel in grey. Without --layer it is the first convolution. Several \
    models are drawn side by side on sheet.png too.
    """
  let examples: KeyValuePairs = [
    "zoo filters alexnet -o filters": "the 64 kernels of 11×11 in colour",
    "zoo filters resnet18 run/best.h5 -o filters": "before and after fine-tuning",
    "zoo filters vgg16 --layer features.2 -o filters": "a later layer",
  ]
  let models = Positional<[String]>(
    "MODEL", help: "names of checkpoints or variants, or paths of checkpoint files",
    completion: .models)
  let layer = Option<String?>(
    "--layer", value: "LAYER", help: "convolution, or a stage whose first convolution is drawn")
  let output = Option<String>(
    "-o", "--output", value: "DIR", help: "folder for the pictures", completion: .folders)
  var arguments: [any Argument] { [models, layer, output] }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    var folder = try DrawingFolder(input[output])
    var (results, tiles) = ([JSON](), [ContactSheet.Tile]())
    for name in try input[models] {
      let model = try zoo.model(name)
      let filters = try Filters(
        model.graph, model.weights, layer: input[layer],
        channels: model.checkpoint.preprocessing.channels)
      let picture = try filters.drawn()
      let stem = name.split(separator: "/").suffix(2).joined(separator: "-")
      let path = try folder.write(picture, of: "\(stem)-\(filters.layer).png")
      let size = "\(filters.kernels.shape)"
      tiles.append(.init(picture, captions: [name, "\(filters.layer)  \(size)"]))
      results.append([
        "model": JSON(name), "layer": JSON(filters.layer),
        "shape": JSON(filters.kernels.shape.sizes), "picture": JSON(path),
      ])
      if try !input.wantsJSON { print("\(path.printable)  \(filters.layer)  \(size)") }
    }
    var sheet: String?
    if tiles.count > 1 {
      let perRow = min(tiles.count, 4)
      let rows = stride(from: 0, to: tiles.count, by: perRow).map {
        ContactSheet.Row.tiles(Array(tiles[$0..<min($0 + perRow, tiles.count)]))
      }
      sheet = try folder.write(
        ContactSheet(title: "kernels", rows: rows).drawn(.init(perRow: perRow, aspect: 1)),
        of: "sheet.png")
      if let sheet, try !input.wantsJSON { print(sheet.printable) }
    }
    if try input.wantsJSON { emit(["results": JSON(results), "sheet": JSON(sheet)]) }
  }
}
