import Glibc
import ModelZoo
import ZooArguments

extension NearestRows.Metric: ArgumentValue {}

struct NeighboursVerb: Verb {
  let name = "neighbours"
  let summary = "find the pictures of a data set that are most like others"
  let discussion = """
    For each IMAGE the nearest pictures in the features of a stage, by default the input of the head, \
    and beside them the nearest in pixels, of the network's input averaged down to 32×32. The search is \
    exact. --index keeps the features in a file, which is built once and used again; one that belongs to \
    another model, stage or data is refused.

    --duplicates compares the data set with itself instead: for each picture the nearest of those before \
    it in its split and in earlier splits, where they are within --threshold. A picture that is in train \
    and in val makes figures too good. 'zoo data' finds copies by their bytes and their look, this also \
    crops and other frames of a scene.
    """
  let examples: KeyValuePairs = [
    "zoo neighbours resnet50 cat.jpg --data photos -o sheet.png":
      "five by features, five by pixels",
    "zoo neighbours resnet50 *.jpg --data photos --index photos.h5 --json": "keeps the features",
    "zoo neighbours resnet50 --data photos --duplicates": "pictures that are nearly the same",
  ]
  let images = Positional<[String]>(
    "IMAGE", atLeast: 0,
    help: "pictures, folders, @FILE with names, or - for names on standard input",
    completion: .files(endings: Picture.endings))
  let stage = Option<String?>(
    "--stage", value: "S",
    help: "layer or stage whose features are compared; by default the head's input"
  )
  let metric = Option(
    "--metric", value: "M", default: NearestRows.Metric.cosine,
    help: "distance of features: 1 − cosine, or the length of the difference")
  let top = Option(
    "--top", value: "K", default: 5, in: 1...1000, help: "neighbours of each picture")
  let index = Option<String?>(
    "--index", value: "F.h5", help: "file of the features: used if it is there, else written",
    completion: .files(endings: ["h5"]))
  let duplicates = Flag("--duplicates", help: "list pictures of the data that are nearly the same")
  let threshold = Option<Double?>(
    "--threshold", value: "D", in: 0...Double.greatestFiniteMagnitude,
    help: "largest distance of duplicates; 0.1 for cosine")
  let batch = Option("--batch", value: "N", default: 16, in: 1...4096, help: "pictures per batch")
  let output = Option<String?>(
    "-o", "--output", value: "SHEET.png", help: "draw what was found",
    completion: .files(endings: ["png"]))
  let pixelLimit = Option(
    "--pixel-limit", value: "N", default: Picture.pixelLimit, in: 1...Int.max,
    help: "reject pictures with more than N pixels")
  var arguments: [any Argument] {
    [Common.model, images] + Learning.dataOptions + [
      stage, metric, top, index, duplicates, threshold, batch, output, pixelLimit,
    ]
  }

  func run(_ input: Parsed) throws {
    let limit = try limit(input)
    guard try input[images].isEmpty == input[duplicates] else {
      throw ZooError.usage(
        try input[duplicates]
          ? "--duplicates compares the data with itself; leave out the pictures"
          : "IMAGE is missing; --duplicates compares the data with itself")
    }
    let model = try input.zoo().model(input[Common.model])
    let data = try Learning.place(input).open()
    try input.remark("\(data)")
    let names = try PictureNames.all(input[images])
    let index = try opened(model, data, input)
    var sheet = try NeighbourSheet(index, of: data)
    if let limit {
      let pairs = try index.pairs(within: limit, by: input[metric])
      for pair in pairs.prefix(NeighbourSheet.most) { try sheet.add(pair) }
      let path = try sheet.write(input[output], "\(model.name) · \(index.features.node)")
      if try input.wantsJSON {
        return emit(
          try json(
            model, data, index, input, path, [("threshold", JSON(limit))],
            "pairs", pairs.map { $0.json(index) }))
      }
      let across = pairs.count(where: \.isAcrossSplits)
      for pair in pairs { print(pair.line(index)) }
      try input.remark(
        "\(pairs.isEmpty ? "no" : grouped(pairs.count)) pairs of \(grouped(index.count)) pictures within "
          + "\(limit)\(across > 0 ? ", \(grouped(across)) across splits" : "")")
      if let path { print(path.printable) }
      return
    }
    let search = try NeighbourSearch(
      in: index, of: model, by: input[metric], engine: input[Common.engine])
    let progress = Progress(model.name, unit: .items("images"), quiet: try input[Common.quiet])
    var (results, failures) = ([JSON](), Failures(progress, "compared"))
    for (place, name) in names.enumerated() {
      do {
        let picture = try Picture(contentsOf: name, pixelLimit: input[pixelLimit])
        let found = try search.neighbours(of: picture, top: input[top])
        results.append([
          "image": JSON(name), "features": JSON(found.byFeatures.map(\.json)),
          "pixels": JSON(found.byPixels.map(\.json)),
        ])
        if try input[output] != nil { try sheet.add(found, of: picture, name) }
        if try !input.wantsJSON { print(found.table(name, index.features.node).text()) }
      } catch let error as ZooError where error.kind != .usage {
        failures.add(error)
      }
      progress.update(done: place + 1, of: names.count)
    }
    progress.finish()
    let path = try sheet.write(input[output], "\(model.name) · \(index.features.node)")
    if let path, try !input.wantsJSON { print(path.printable) }
    if try input.wantsJSON {
      emit(try json(model, data, index, input, path, [], "results", results))
    }
    if let error = failures.error(of: names.count) { throw error }
  }

  /// The threshold of duplicates; nil if none are wanted.
  private func limit(_ input: Parsed) throws -> Double? {
    guard try input[duplicates] else {
      guard try input[threshold] == nil else {
        throw ZooError.usage("--threshold belongs to --duplicates")
      }
      return nil
    }
    if let limit = try input[threshold] { return limit }
    guard try input[metric] == .cosine else {
      throw ZooError.usage(
        "--metric l2 needs --threshold: how long differences are depends on the network")
    }
    return 0.1
  }

  /// The index of the file if it is there, else a new one, which the file gets.
  private func opened(_ model: Model, _ data: Dataset, _ input: Parsed) throws -> FeatureIndex {
    let (path, stage) = (try input[index], try input[stage])
    if let path, access(path, F_OK) == 0 {
      let index = try FeatureIndex(contentsOf: path)
      try index.check(against: model, data, stage: stage, in: path)
      return index
    }
    let progress = Progress(model.name, unit: .items("images"), quiet: try input[Common.quiet])
    let index = try model.index(
      of: data, stage: stage, engine: input[Common.engine], batch: input[batch]
    ) { progress.update(done: $0, of: $1) }
    progress.finish()
    if let path { try index.write(to: path) }
    return index
  }

  private func json(
    _ model: Model, _ data: Dataset, _ index: FeatureIndex, _ input: Parsed, _ sheet: String?,
    _ more: [(key: String, value: JSON)], _ key: String, _ list: [JSON]
  ) throws -> JSON {
    JSON(
      .object(
        [
          ("model", JSON(model.name)), ("data", JSON(data.path)), ("count", JSON(index.count)),
          ("stage", JSON(index.features.node)), ("metric", JSON(try input[metric].rawValue)),
        ] + more + [
          (key, JSON(list)), ("index", JSON(try input[self.index])), ("sheet", JSON(sheet)),
        ]))
  }
}

extension Neighbour {
  fileprivate var json: JSON {
    [
      "image": JSON(name), "split": JSON(split), "class": JSON(label), "distance": JSON(distance),
    ]
  }
}

extension NeighbourSearch.Found {
  fileprivate func table(_ name: String, _ node: String) -> Table {
    var table = Table(
      .filling(name), .right(node), "", .filling(""), .right("pixels"), "")
    func cells(_ neighbour: Neighbour) -> [String] {
      [neighbour.name, decimal(neighbour.distance, digits: 4), neighbour.label ?? ""]
    }
    for (one, other) in zip(byFeatures, byPixels) { table.add(cells(one) + cells(other)) }
    return table
  }
}

extension FeatureIndex.Pair {
  fileprivate func json(_ index: FeatureIndex) -> JSON {
    let names = index.features.names
    return [
      "pictures": JSON([names[first], names[second]]), "distance": JSON(distance),
      "acrossSplits": JSON(isAcrossSplits), "differentClasses": JSON(differsInClass),
    ]
  }

  fileprivate func line(_ index: FeatureIndex) -> String {
    let names = index.features.names
    let text =
      "\(names[first])  \(names[second])  \(decimal(distance, digits: 4))"
      + (isAcrossSplits ? ", in two splits" : "") + (differsInClass ? ", of two classes" : "")
    return text.printable
  }
}
