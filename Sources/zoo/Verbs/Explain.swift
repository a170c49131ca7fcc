import ModelZoo
import ZooArguments

extension Fill: ArgumentValue {}

struct ExplainVerb: Verb {
  let name = "explain"
  let summary = "show which parts of a picture an answer rests on"
  let discussion = """
    Writes, for each picture, method and class, the picture with a heat map over it (NAME-METHOD-\
    CLASS.png) and the map alone (…-map.png), and for each picture a sheet that shows all of them side \
    by side. Without --class, what the model answers is explained.

    Gradients: saliency, gradient-x-input, smoothgrad, integrated-gradients, guided-backprop, \
    deconvnet. Class activation: cam, gradcam, gradcam++, layercam, scorecam, guided-gradcam. Hiding \
    parts: occlusion, rise. \
    A score for every window of a larger picture: sliding-window.

    --raw writes the numbers as float32 at the size of the network's input, under IMAGE/METHOD/CLASS: \
    C×H×W where a method judges every number of the input, else H×W.

    --segment cuts out what a map shows a part of: its highest values seed the object, its lowest the \
    background, and the colours of both decide the rest (NAME-METHOD-CLASS-mask.png, …-cutout.png).

    --faithfulness removes pixels in the order of each map, the most important first, and shows them on \
    a blurred picture: the areas under the two curves of the score, small and large for a good map. \
    --boxes plays the pointing game: a hit is a map whose highest value lies within 15 pixels of a box of \
    the class.
    """
  let examples: KeyValuePairs = [
    "zoo explain resnet50 cat.jpg -o why": "Grad-CAM of the class that the model answers",
    "zoo explain resnet50 cat.jpg --method gradcam,occlusion --class cat --class dog -o why":
      "two methods and two classes side by side",
    "zoo explain resnet50 cat.jpg --method guided-backprop --neuron layer3:17 -o why":
      "what excites channel 17 of a stage",
  ]
  let images = Positional<[String]>(
    "IMAGE", help: "pictures, folders, @FILE with names, or - for names on standard input",
    completion: .files(endings: Picture.endings))
  let output = Option<String>(
    "-o", "--output", value: "DIR", help: "folder for the pictures", completion: .folders)
  let methods = Option(
    "--method", value: "M[,M…]", default: "gradcam",
    wanted: "methods, separated by commas: " + ExplanationMethods.names.joined(separator: ", "),
    choices: ExplanationMethods.names, help: "methods, separated by commas"
  ) { text in
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
      _ = try ExplanationMethods.method(String(name), .init())
    }
    return true
  }
  let classes = Option<[String]>(
    "--class", value: "CLASS",
    help: "name or index of a class to explain, or top for the model's answer")
  let neuron = Option<[String]>(
    "--neuron", value: "STAGE:CH[,Y,X]",
    help: "explain a number of a layer; without Y,X the channel's largest")
  let layer = Option<String?>(
    "--layer", value: "LAYER",
    help: "layer or stage whose maps are weighed; by default the last feature map")
  let samples = Option<Int?>(
    "--samples", value: "N", in: 1...100_000,
    help: "noisy copies (50), steps of the path (50) or masks (1000)")
  let window = Option<Int?>(
    "--window", value: "N", in: 1...65_536,
    help: "side of the square of occlusion, in pixels of the network's input")
  let stride = Option<Int?>(
    "--stride", value: "N", in: 1...65_536, help: "pixels between two squares of occlusion")
  let fill = Option(
    "--fill", value: "F", default: Fill.mean,
    help: "what hides a part: the training data's mean colour, the picture's own, or its blur")
  let scale = Option<Int?>(
    "--scale", value: "N", in: 1...16_384,
    help: "shorter side of the picture that sliding-window sees (twice the network's input)")
  let segment = Flag(
    "--segment",
    help: "cut the object that each map shows out of the picture, as a mask and as a picture")
  let faithfulness = Flag(
    "--faithfulness",
    help: "measure how soon the score falls and rises as pixels are removed and shown by the map")
  let boxes = Option<String?>(
    "--boxes", value: "DATA",
    help: "data set with boxes of these pictures: whether each map is highest on its object",
    completion: .folders)
  let raw = Option<String?>(
    "--raw", value: "F.safetensors", help: "write the numbers of the maps to a file",
    completion: .files(endings: ["safetensors"]))
  let pixelLimit = Option(
    "--pixel-limit", value: "N", default: Picture.pixelLimit, in: 1...Int.max,
    help: "reject pictures with more than N pixels")
  let ofTask = TaskArguments { $0.explainingOptions }
  var arguments: [any Argument] {
    [Common.model, images, output, methods, classes, neuron, layer]
      + ofTask.arguments + [
        samples, window, stride, fill, scale, segment, faithfulness, boxes, raw, Common.fit,
        pixelLimit,
      ]
  }

  func run(_ input: Parsed) throws {
    var model = try input.zoo().model(input[Common.model])
    if let fit = try input[Common.fit] { model = try model.fitting(fit) }
    if !model.checkpoint.random.isEmpty {
      try input.remark(
        "\(model.name) has \(model.checkpoint.random.count) untrained tensors: its answers mean nothing"
      )
    }
    let options = try ofTask.options(input, for: model)
    let pictures = try PictureNames.all(input[images])
    let game = try input[boxes].map { try PointingGame(Dataset.open($0)) }
    var run = ExplanationRun(
      model, try methods(input), try targets(input), options, engine: try input[Common.engine],
      judges: try input[faithfulness], game: game, segments: try input[segment],
      folder: try DrawingFolder(input[output], sparing: pictures))
    let progress = Progress(model.name, unit: .items("maps"), quiet: try input[Common.quiet])
    var (results, raws, judged) = ([JSON](), Weights(), [ExplanationRun.Answer]())
    var failures = Failures(progress, "explained")
    let isJSON = try input.wantsJSON
    for (index, name) in pictures.enumerated() {
      do {
        let picture = try Picture(contentsOf: name, pixelLimit: input[pixelLimit])
        let drawn = try run.explain(picture, named: name) { done, count in
          progress.update(done: index * count + done, of: pictures.count * count)
        }
        for answer in drawn.answers {
          results.append(answer.json(of: name))
          if answer.faithfulness != nil || answer.isHit != nil { judged.append(answer) }
          if try input[raw] != nil {
            raws["\(name)/\(answer.explanation.method)/\(answer.explanation.subject)"] =
              try answer.explanation.raw
          }
          if !isJSON {
            print(answer.overlay.printable)
            if let cutOut = answer.cutOut { print(cutOut.printable) }
          }
        }
        if !isJSON { print(drawn.sheet.printable) }
      } catch let error as ZooError where error.kind != .usage {
        failures.add(error)
      }
    }
    progress.finish()
    if let path = try input[raw], raws.count > 0 {
      try SafeTensors.write(raws, to: path)
      if !isJSON { print(path.printable) }
    }
    if !isJSON, !judged.isEmpty { print(comparison(judged).text()) }
    if let game, !judged.contains(where: { $0.isHit != nil }), !results.isEmpty {
      let shown = Set(results.compactMap { $0["class"]?.string }).sorted().joined(separator: ", ")
      throw ZooError.corrupt(
        "\(try input[boxes] ?? "") has no box of \(shown) in these pictures; its classes are "
          + game.classes.joined(separator: ", "))
    }
    if isJSON { emit(["model": JSON(model.name), "results": JSON(results)]) }
    if let error = failures.error(of: pictures.count) { throw error }
  }

  /// What is known of each method over all maps, the most faithful first.
  private func comparison(_ answers: [ExplanationRun.Answer]) -> Table {
    struct Row {
      let method: String
      let deletion, insertion, hits: Double?
      let games: Int
      /// By the areas, else by the hits.
      var rank: Double {
        guard let deletion, let insertion else { return hits ?? -1 }
        return insertion - deletion
      }
    }
    func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    var rows: [Row] = []
    for (method, answers) in Dictionary(grouping: answers, by: { $0.explanation.method }) {
      let hits: [Double] = answers.compactMap { answer in answer.isHit.map { $0 ? 1 : 0 } }
      let deletions: [Double] = answers.compactMap { $0.faithfulness?.deletionArea }
      let insertions: [Double] = answers.compactMap { $0.faithfulness?.insertionArea }
      rows.append(
        Row(
          method: method, deletion: mean(deletions), insertion: mean(insertions), hits: mean(hits),
          games: hits.count))
    }
    rows.sort { $0.rank == $1.rank ? $0.method < $1.method : $0.rank > $1.rank }
    let judges = rows.contains { $0.deletion != nil }
    let plays = rows.contains { $0.games > 0 }
    var columns: [Table.Column] = ["method"]
    if judges { columns += [.right("deletion"), .right("insertion"), .right("difference")] }
    if plays { columns += [.right("hits"), .right("of")] }
    var table = Table(columns)
    func text(_ value: Double?) -> String { value.map { decimal($0, digits: 3) } ?? "–" }
    for row in rows {
      var cells = [row.method]
      if judges {
        let difference = row.deletion == nil ? nil : row.rank
        cells += [text(row.deletion), text(row.insertion), text(difference)]
      }
      if plays { cells += [text(row.hits), "\(row.games)"] }
      table.add(cells)
    }
    return table
  }

  private func methods(_ input: Parsed) throws -> [any ExplanationMethod] {
    var options = ExplanationOptions()
    options.layer = try input[layer]
    options.samples = try input[samples]
    options.window = try input[window]
    options.stride = try input[stride]
    options.fill = try input[fill]
    options.scale = try input[scale]
    options.seed = try input[Common.seed]
    return try input[methods].split(separator: ",", omittingEmptySubsequences: false).map {
      try ExplanationMethods.method(String($0), options)
    }
  }

  private func targets(_ input: Parsed) throws -> [ExplanationTarget] {
    let classes = try input[classes].map { $0 == "top" ? .top : ExplanationTarget.class($0) }
    let neurons = try input[neuron].map(ExplanationTarget.init(neuron:))
    return classes.isEmpty && neurons.isEmpty ? [.top] : classes + neurons
  }
}
