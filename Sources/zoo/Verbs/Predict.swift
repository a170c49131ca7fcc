import Glibc
import ModelZoo
import ZooArguments

struct PredictVerb: Verb {
  let name = "predict"
  let summary = "classify, segment or detect objects in pictures"
  let discussion = """
    A classifier prints the likeliest classes, a detector its boxes in pixels, a segmenter the share \
    of the picture that each class covers; with --draw it also writes a mask of class indices. \
    Pictures are preprocessed as the checkpoint says.

    MODEL may be A+B+…: models with the same classes, whose answers are combined. --tta combines those \
    for several views of each picture.

    IMAGE is a picture, a folder, whose pictures are found at any depth, @FILE with a name on each \
    line, or - for such lines on standard input. A name that begins with @ is written ./@NAME.

    --csv writes a table instead of printing: one row for each picture, or for each box. It grows while \
    the run goes on, and --resume skips the pictures that it holds.

    A picture that cannot be read is reported on standard error, and the others are still processed. The \
    exit status is that of the first such picture.
    """
  let examples: KeyValuePairs = [
    "zoo predict resnet50 cat.jpg --top 3": "print the three likeliest classes",
    "zoo predict fasterrcnn-resnet50-fpn street.jpg --draw found": "print the boxes and draw them",
    "zoo predict a/best.h5+b/best.h5 cat.jpg --tta flip": "the mean of two models and two views",
    "zoo predict run/best.h5 photos --csv answers.csv": "classify a folder",
    "find . -name '*.jpg' | zoo predict resnet50 - --csv answers.csv --resume":
      "go on with a list of pictures",
  ]
  let images = Positional<[String]>(
    "IMAGE", help: "pictures, folders, @FILE with names, or - for names on standard input",
    completion: .files(endings: Picture.endings))
  let ofTask = TaskArguments { $0.options }
  let pixelLimit = Option(
    "--pixel-limit", value: "N", default: Picture.pixelLimit, in: 1...Int.max,
    help: "reject pictures with more than N pixels")
  let draw = Option<String?>(
    "--draw", value: "DIR",
    help: "write annotated pictures to DIR as PNG, and masks of class indices",
    completion: .folders)
  let csv = Option<String?>(
    "--csv", value: "FILE", help: "write the predictions to FILE instead of printing them",
    completion: .files(endings: ["csv"]))
  let resume = Flag("--resume", help: "skip the pictures that the file of --csv holds already")
  let batch = Option<Int?>(
    "--batch", value: "N", in: 1...4096,
    help: "pictures to compute together; by default up to 16, and 1 for boxes and masks")
  var arguments: [any Argument] {
    [Common.model, images] + ofTask.arguments
      + [Common.fit, draw, csv, resume, batch, pixelLimit, Common.precision]
  }

  func run(_ input: Parsed) throws {
    if try input[resume], try input[csv] == nil {
      throw ZooError.usage("--resume needs the --csv FILE of the earlier run")
    }
    var models = try input.zoo().models(input[Common.model])
    if let fit = try input[Common.fit] { models = try models.map { try $0.fitting(fit) } }
    for model in models where !model.checkpoint.random.isEmpty {
      try input.remark(
        "\(model.name) has \(model.checkpoint.random.count) untrained tensors: its output is meaningless"
      )
    }
    let name = models.map(\.name).joined(separator: "+")
    let (options, task) = (
      try ofTask.options(input, for: models[0]), try models[0].checkpoint.task.definition
    )
    let pictures = try PictureNames.all(input[images])
    let load = try load(input, pictures.count, task)
    let predictor = try task.predictor(
      forAll: &models, engine: input[Common.engine], precision: input[Common.precision], options,
      load: load)
    let table = try input[csv].map {
      try AnswerFile($0, columns: predictor.columns, resuming: input[resume])
    }
    let left = table.map { table in pictures.filter { !table.done.contains($0) } } ?? pictures
    let isTable = try input.wantsJSON || table != nil
    let progress = Progress(
      name, unit: .items(pictures.count == 1 ? "tiles" : "images"),
      quiet: try input[Common.quiet] || !isTable && Terminal.output.isTerminal && left.count > 1)
    let run = PredictionRun(
      predictor, left, load, pixelLimit: try input[pixelLimit],
      keepsPictures: try input[draw] != nil,
      progress: pictures.count == 1 ? progress : nil)
    var drawings = try input[draw].map { try DrawingFolder($0, sparing: pictures) }
    let interruption = table == nil ? nil : Interruption(signals: [SIGINT, SIGTERM])
    let (isJSON, isOneOfMany) = (try input.wantsJSON, pictures.count > 1)
    var results: [JSON] = []
    var failures = Failures(progress, "predicted")
    if left.count < pictures.count {
      try input.remark(
        "\(pictures.count - left.count) of \(pictures.count) pictures are done already")
    }

    try run.forEach { done, answer in
      if isOneOfMany {
        progress.update(done: done + pictures.count - left.count, of: pictures.count)
      }
      let prediction: any Prediction
      let picture: Picture?
      do { (prediction, picture) = try answer.result.get() } catch let error as ZooError {
        failures.add(error)
        return interruption?.request == nil
      }
      var files: DrawnFiles = []
      if var folder = drawings, let picture {
        files = try prediction.draw(on: picture, in: &folder, as: answer.image)
        drawings = folder
      }
      if isJSON {
        let members = prediction.members(files)
        results.append(JSON(.object([("image", JSON(answer.image))] + members)))
      }
      try table?.add(prediction.rows, of: answer.image)
      if !isTable {
        if isOneOfMany { print(answer.image.printable) }
        print(prediction.table.text)
        for file in files { print(file.path.printable) }
      }
      return interruption?.request == nil
    }
    progress.finish()
    try table?.finish()
    if let signal = interruption?.request {
      throw ZooError(
        signal == SIGINT ? .interrupted : .terminated,
        "interrupted; every finished picture is in the table, --resume goes on")
    }
    if isJSON {
      emit(["model": JSON(name), "results": JSON(results)])
    } else if let path = try input[csv] {
      print("\(path.printable)  \(grouped(pictures.count - failures.count)) pictures")
    }
    if let error = failures.error(of: pictures.count) { throw error }
  }

  /// Batches divide the threads among them; a single one gets all.
  private func load(_ input: Parsed, _ count: Int, _ task: any ModelTask) throws -> Load {
    let lanes = PlanPool<Int>.mostLanes
    // Pictures to draw on stay in memory with their batch.
    let usual = try input[draw] == nil ? min(task.usualBatch, (count + lanes - 1) / lanes) : 1
    let batch = try min(input[self.batch] ?? usual, max(1, count))
    return Load(callers: min(lanes, max(1, (count + batch - 1) / batch)), batch: max(1, batch))
  }
}

extension PredictionTable {
  fileprivate var text: String {
    if rows.isEmpty, !nothing.isEmpty { return nothing }
    var table = Table(
      columns.map { $0.isNumber ? .right($0.title) : .init(stringLiteral: $0.title) })
    for row in rows { table.add(row) }
    return note.isEmpty ? table.text() : "\(table.text())\n\(note)"
  }
}
