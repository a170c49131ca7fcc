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
  let top = Option(
    "--top", value: "K", default: 5, in: 1...100_000, help: "number of classes to print")
  let score = Option(
    "--score", value: "S", default: 0.5, in: 0...1,
    help: "minimum score of a box, or of a pixel where there is only one class")
  let iou = Option(
    "--iou", value: "I", default: 0.5, in: 0...1,
    help: "overlap (IoU) above which boxes of one class count as the same object")
  let pixelLimit = Option(
    "--pixel-limit", value: "N", default: Picture.pixelLimit, in: 1...Int.max,
    help: "reject pictures with more than N pixels")
  let draw = Option<String?>(
    "--draw", value: "DIR",
    help: "write annotated pictures to DIR as PNG, and masks of class indices",
    completion: .folders)
  var arguments: [any Argument] {
    [
      Common.model, images, top, score, iou, Common.suppression, Common.fit, draw, pixelLimit,
      Common.precision,
    ]
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
    let predictor = try predictor(for: consume model, input)
    var drawings = try input[draw].map { try DrawingFolder($0, sparing: input[images]) }
    let isJSON = try input.wantsJSON
    let isOneOfMany = try input[images].count > 1
    var results: [JSON] = []
    var firstError: ZooError?
    for image in try input[images] {
      do {
        let picture = try Picture(contentsOf: image, pixelLimit: input[pixelLimit])
        let prediction = try predictor(picture)
        let files = try prediction.draw(in: &drawings, as: image)
        results.append(JSON(.object([("image", JSON(image))] + prediction.members(files.mask))))
        if isJSON { continue }
        if isOneOfMany { print(image.printable) }
        print(prediction.text)
        for path in [files.drawing, files.mask].compactMap(\.self) { print(path) }
      } catch let error as ZooError {
        if firstError != nil { writeError("zoo: \(error.message.printable)") }
        firstError = firstError ?? error
      }
    }
    if isJSON { emit(["model": JSON(name), "results": JSON(results)]) }
    if let firstError { throw firstError }
  }

  /// What the model's task makes of a picture.
  private func predictor(
    for model: consuming Model, _ input: Parsed
  ) throws -> (Picture) throws -> Prediction {
    let (engine, precision) = (try input[Common.engine], try input[Common.precision])
    let suppression = try input.suppression(for: model)
    switch model.checkpoint.task {
    case .detection:
      let detector = try ObjectDetector(
        consume model, engine: engine, precision: precision, suppression: suppression)
      let options = DetectionOptions(score: Float(try input[score]), iou: try input[iou])
      return { picture in Prediction(try detector.detect(picture, options), in: picture) }
    case .segmentation:
      let name = model.name
      let segmenter = try SemanticSegmenter(consume model, engine: engine, precision: precision)
      let threshold = Float(try input[score])
      let isQuiet = try input[Common.quiet]
      return { picture in
        let progress = Progress(name, unit: .items("tiles"), quiet: isQuiet)
        defer { progress.finish() }
        let answer = try segmenter.segment(picture, threshold: threshold) {
          progress.update(done: $0, of: $1)
        }
        return Prediction(answer, of: picture)
      }
    case .classification:
      let classifier = try Classifier(consume model, engine: engine, precision: precision)
      let count = try input[top]
      return { picture in Prediction(try classifier.classify(picture, top: count), of: picture) }
    }
  }
}

/// What a model says about one picture, in the ways in which it can be shown.
private struct Prediction {
  let text: String
  /// Given where the mask is, if there is one.
  let members: (_ mask: String?) -> [(key: String, value: JSON)]
  let drawing: () throws -> Picture
  private var segmentation: Segmentation?

  init(_ answer: Classification, of picture: Picture) {
    var table = Table(.right("%"), "class")
    for guess in answer.top {
      table.add(decimal(Double(guess.probability) * 100, digits: 1), guess.name)
    }
    text = table.text()
    members = { _ in [("top", JSON(answer.top.map(\.json)))] }
    drawing = { try answer.drawn(on: picture) }
  }

  init(_ objects: [DetectedObject], in picture: Picture) {
    var table = Table(
      .right("%"), "class", .right("left"), .right("top"), .right("right"), .right("bottom"))
    for object in objects {
      let sides = [object.box.x0, object.box.y0, object.box.x1, object.box.y1].map {
        decimal(Double($0), digits: 1)
      }
      table.add(
        decimal(Double(object.score) * 100, digits: 1), object.name, sides[0], sides[1], sides[2],
        sides[3])
    }
    text = objects.isEmpty ? "nothing found" : table.text()
    members = { _ in [("detections", JSON(objects.map(\.json)))] }
    drawing = { try picture.drawn(with: objects) }
  }

  init(_ answer: Segmentation, of picture: Picture) {
    var table = Table(.right("% of the picture"), "class")
    for area in answer.areas { table.add(decimal(area.fraction * 100, digits: 1), area.name) }
    text = table.text()
    members = { mask in
      [
        ("width", JSON(picture.width)), ("height", JSON(picture.height)), ("mask", JSON(mask)),
        ("classes", JSON(answer.areas.map(\.json))),
      ]
    }
    drawing = { try answer.drawn(on: picture) }
    segmentation = answer
  }

  /// Writes what is to be drawn, where there is a place for it.
  func draw(in folder: inout DrawingFolder?, as image: String) throws -> (
    drawing: String?, mask: String?
  ) {
    guard folder != nil else { return (nil, nil) }
    guard let segmentation else { return (try folder?.write(drawing(), of: image), nil) }
    let files = try folder?.write(
      drawing(), mask: segmentation.mask, palette: segmentation.palette, of: image)
    return (files?.drawing, files?.mask)
  }
}

extension JSON {
  /// The shortest decimal that reads back as the same float32.
  fileprivate init(_ number: Float) { self.init(Double("\(number)") ?? Double(number)) }
}

extension Classification.Guess {
  fileprivate var json: JSON {
    ["class": JSON(name), "index": JSON(index), "probability": JSON(probability)]
  }
}

extension Segmentation.Area {
  fileprivate var json: JSON {
    ["class": JSON(name), "index": JSON(index), "fraction": JSON(fraction)]
  }
}

extension DetectedObject {
  fileprivate var json: JSON {
    [
      "class": JSON(name), "index": JSON(index), "score": JSON(score),
      "box": JSON([box.x0, box.y0, box.x1, box.y1].map { JSON($0) }),
    ]
  }
}
