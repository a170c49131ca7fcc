import ModelZoo
import ZooArguments

struct PredictVerb: Verb {
  let name = "predict"
  let summary = "classify, segment or detect objects in pictures"
  let discussion = """
    A classifier prints the likeliest classes, a detector its boxes in pixels, a segmenter the share \
    of the picture that each class covers; with --draw it also writes a mask of class indices. \
    Pictures are preprocessed as the checkpoint says. A picture that cannot be read is reported on \
    standard error and makes the exit status nonzero; the others are still processed.
    """
  let examples: KeyValuePairs = [
    "zoo predict resnet50 cat.jpg --top 3": "print the three likeliest classes",
    "zoo predict fasterrcnn-resnet50-fpn street.jpg --draw found": "print the boxes and draw them",
  ]
  let images = Positional<[String]>(
    "IMAGE", help: "JPEG or PNG files", completion: .files(endings: ["jpg", "jpeg", "png"]))
  let ofTask = TaskArguments { $0.options }
  let pixelLimit = Option(
    "--pixel-limit", value: "N", default: Picture.pixelLimit, in: 1...Int.max,
    help: "reject pictures with more than N pixels")
  let draw = Option<String?>(
    "--draw", value: "DIR",
    help: "write annotated pictures to DIR as PNG, and masks of class indices",
    completion: .folders)
  var arguments: [any Argument] {
    [Common.model, images] + ofTask.arguments + [Common.fit, draw, pixelLimit, Common.precision]
  }

  func run(_ input: Parsed) throws {
    var model = try input.zoo().model(input[Common.model])
    if let fit = try input[Common.fit] { model = try model.fitting(fit) }
    if !model.checkpoint.random.isEmpty {
      try input.remark(
        "\(model.name) has \(model.checkpoint.random.count) untrained tensors: its output is meaningless"
      )
    }
    let name = model.name
    let options = try ofTask.options(input, for: model)
    let predictor = try model.checkpoint.task.definition.predictor(
      for: consume model, engine: input[Common.engine], precision: input[Common.precision], options)
    var drawings = try input[draw].map { try DrawingFolder($0, sparing: input[images]) }
    let (isJSON, isQuiet) = (try input.wantsJSON, try input[Common.quiet])
    let isOneOfMany = try input[images].count > 1
    func see(_ picture: Picture) throws -> any Prediction {
      let progress = Progress(name, unit: .items("tiles"), quiet: isQuiet)
      defer { progress.finish() }
      return try predictor.predict(picture) { progress.update(done: $0, of: $1) }
    }
    var results: [JSON] = []
    var firstError: ZooError?
    for image in try input[images] {
      do {
        let picture = try Picture(contentsOf: image, pixelLimit: input[pixelLimit])
        let prediction = try see(picture)
        var files: DrawnFiles = []
        if var folder = drawings {
          files = try prediction.draw(on: picture, in: &folder, as: image)
          drawings = folder
        }
        results.append(JSON(.object([("image", JSON(image))] + prediction.members(files))))
        if isJSON { continue }
        if isOneOfMany { print(image.printable) }
        print(prediction.table.text)
        for file in files { print(file.path) }
      } catch let error as ZooError {
        if firstError != nil { writeError("zoo: \(error.message.printable)") }
        firstError = firstError ?? error
      }
    }
    if isJSON { emit(["model": JSON(name), "results": JSON(results)]) }
    if let firstError { throw firstError }
  }
}

extension PredictionTable {
  fileprivate var text: String {
    if rows.isEmpty, !nothing.isEmpty { return nothing }
    var table = Table(
      columns.map { $0.isNumber ? .right($0.title) : .init(stringLiteral: $0.title) })
    for row in rows { table.add(row) }
    return table.text()
  }
}
