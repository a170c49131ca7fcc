import ModelZoo
import ZooArguments

struct PatchesVerb: Verb {
  let name = "patches"
  let summary = "find what excites the channels of a layer most"
  let discussion = """
    For each channel the parts of a data set's pictures that excite it most, one of a picture, cut at the \
    layer's receptive field, and their guided backpropagation beside them. The data is read once.
    """
  let examples: KeyValuePairs = [
    "zoo patches resnet18 --data photos --stage layer2 -o patches": "the first sixteen channels",
    "zoo patches vgg16 --data photos --stage features.10 --channels 3,17 --top 9 -o patches":
      "two channels of a layer",
  ]
  let stage = Option<String>(
    "--stage", value: "S", help: "layer or stage whose channels are looked at")
  let channels = Option<String?>(
    "--channels", value: "N[,N…]", help: "channels, from 0; by default the first sixteen")
  let top = Option("--top", value: "N", default: 6, in: 1...100, help: "patches for each channel")
  let batch = Option("--batch", value: "N", default: 16, in: 1...4096, help: "pictures per batch")
  let output = Option<String>(
    "-o", "--output", value: "DIR", help: "folder for the pictures", completion: .folders)
  var arguments: [any Argument] {
    Learning.modelAndData + [stage, channels, top, batch, output]
  }

  func run(_ input: Parsed) throws {
    let model = try input.zoo().model(input[Common.model])
    let data = try Learning.place(input).open()
    let numbers = try input[channels].map { text in
      try text.split(separator: ",", omittingEmptySubsequences: false).map { word -> Int in
        guard let number = Int(word), number >= 0 else {
          throw ZooError.usage("--channels wants numbers, such as 3,17, not “\(text)”")
        }
        return number
      }
    }
    var folder = try DrawingFolder(input[output])
    let progress = Progress(model.name, unit: .items("images"), quiet: try input[Common.quiet])
    let found = try ExcitingPatches(
      of: model, on: data, layer: input[stage], channels: numbers, top: input[top],
      engine: input[Common.engine], batch: input[batch]
    ) { progress.update(done: $0, of: $1) }
    progress.finish()
    var (rows, results) = ([ContactSheet.Row](), [JSON]())
    let perRow = min(try input[top], 6)
    for (slot, channel) in found.channels.enumerated() {
      rows.append(.heading("channel \(channel)"))
      let tiles = zip(try found.drawn(slot), found.patches[slot]).map { picture, patch in
        ContactSheet.Tile(
          picture, captions: [decimal(Double(patch.value), digits: 2), patch.image])
      }
      for start in Swift.stride(from: 0, to: tiles.count, by: perRow) {
        rows.append(.tiles(Array(tiles[start..<min(start + perRow, tiles.count)])))
      }
      results.append([
        "channel": JSON(channel),
        "patches": JSON(
          found.patches[slot].map { patch -> JSON in
            let region = found.region(of: patch)
            return [
              "image": JSON(patch.image), "value": JSON(Double(patch.value)), "y": JSON(patch.y),
              "x": JSON(patch.x),
              "box": JSON([
                region.x, region.y, region.x + region.width, region.y + region.height,
              ]),
            ]
          }),
      ])
    }
    let size = found.field.height.size
    let sheet = ContactSheet(
      title: "\(model.name) · \(found.layer) · \(size)×\(found.field.width.size) pixels", rows: rows
    )
    let path = try folder.write(
      sheet.drawn(.init(perRow: perRow, aspect: 0.5)), of: "\(found.layer)-patches.png")
    if try input.wantsJSON {
      return emit([
        "model": JSON(model.name), "stage": JSON(found.layer),
        "field": JSON([size, found.field.width.size]), "results": JSON(results),
        "sheet": JSON(path),
      ])
    }
    print(path.printable)
  }
}
