import ModelZoo
import ZooArguments

struct MapVerb: Verb {
  let name = "map"
  let summary = "arrange the pictures of a data set by what a model sees in them"
  let discussion = """
    Writes a page that opens without a network: all pictures on a plane, like ones near each other, with \
    colours by class or by cluster. The picture under the pointer or the finger is shown. MAP.svg is the \
    plane alone.

    Features of a stage, by default the input of the head, are reduced to 50 principal components. From \
    these k-means makes clusters, and t-SNE the plane. The same seed and data give the same file.
    """
  let examples: KeyValuePairs = [
    "zoo map resnet50 --data photos -o map.html": "a page",
    "zoo map resnet50 --data photos --stage layer3 --clusters 8 -o map.svg --csv map.csv":
      "a drawing and a table of the coordinates",
  ]
  let output = Option<String?>(
    "-o", "--output", value: "MAP.html", help: "page to write, or a drawing if it ends with .svg",
    completion: .files(endings: ["html", "svg"]))
  let stage = Option<String?>(
    "--stage", value: "S",
    help: "layer or stage whose features are used; by default the head's input")
  let clusters = Option<Int?>(
    "--clusters", value: "K", in: 1...10_000,
    help: "clusters; by default one a class, else the best of 2 to 10 by silhouette")
  let perplexity = Option<Double?>(
    "--perplexity", value: "P",
    help: "about how many neighbours count; 30, or less for few pictures")
  let iterations = Option(
    "--iterations", value: "N", default: 1000, in: 250...1_000_000, help: "steps of t-SNE")
  let csv = Option<String?>(
    "--csv", value: "FILE", help: "write the coordinates as a table",
    completion: .files(endings: ["csv"]))
  let batch = Option("--batch", value: "N", default: 16, in: 1...4096, help: "pictures per batch")
  var arguments: [any Argument] {
    Learning.modelAndData + [output, stage, clusters, perplexity, iterations, csv, batch]
  }

  func run(_ input: Parsed) throws {
    let (page, table) = (try input[output], try input[csv])
    guard try page != nil || table != nil || input.wantsJSON else {
      throw ZooError.usage("-o MAP.html is missing, or --csv or --json")
    }
    let model = try input.zoo().model(input[Common.model])
    let data = try Learning.place(input).open()
    try input.remark("\(data)")
    let quiet = try input[Common.quiet]
    let reading = Progress(model.name, unit: .items("images"), quiet: quiet)
    let arranging = Progress("t-SNE", unit: .items("steps"), quiet: quiet)
    let options = PictureMap.Options(
      clusters: try input[clusters], perplexity: try input[perplexity],
      iterations: try input[iterations], seed: UInt64(try input[Common.seed]))
    let map = try model.map(
      of: data, stage: input[stage], options, engine: input[Common.engine], batch: input[batch],
      progress: { done, count in
        reading.update(done: done, of: count)
        if done == count { reading.finish() }
      }, arranging: { arranging.update(done: $0, of: $1) })
    arranging.finish()
    if let page {
      if page.lowercased().hasSuffix(".svg") {
        try Publication.write(to: page) { try $0.append(map.svg(of: data).utf8) }
      } else {
        try map.page(of: data, command: command(model, data, map, input)).write(to: page)
      }
    }
    if let table { try map.write(csv: table) }
    if try input.wantsJSON {
      return emit(
        JSON(
          .object(
            [("data", JSON(data.path)), ("map", JSON(page)), ("csv", JSON(table))] + map.json)))
    }
    for path in [page, table].compactMap(\.self) { print(path.printable) }
    let score = map.silhouette.map { ", silhouette \(decimal($0, digits: 3))" } ?? ""
    try input.remark(
      "\(grouped(map.count)) pictures, \(map.groups.sizes.count) clusters\(score), divergence "
        + "\(decimal(map.plane.divergence, digits: 3)) at perplexity "
        + decimal(map.plane.perplexity, digits: 1))
  }

  private func command(_ model: Model, _ data: Dataset, _ map: PictureMap, _ input: Parsed) throws
    -> String
  {
    var words = ["zoo", "map", model.name, "--data", data.path]
    if let stage = try input[stage] { words += ["--stage", stage] }
    if let clusters = try input[clusters] { words += ["--clusters", "\(clusters)"] }
    if let perplexity = try input[perplexity] { words += ["--perplexity", "\(perplexity)"] }
    if map.options.iterations != 1000 { words += ["--iterations", "\(map.options.iterations)"] }
    if map.options.seed != 0 { words += ["--seed", "\(map.options.seed)"] }
    words += ["-o", try input[output] ?? "map.html"]
    return words.map(\.shellWord).joined(separator: " ")
  }
}
