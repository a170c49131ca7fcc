import ModelZoo
import ZooArguments

struct PredictVerb: Verb {
  let name = "predict"
  let summary = "what a model sees in pictures"
  let discussion = """
    Pictures are JPEG or PNG and are prepared as the checkpoint was trained. A picture that cannot \
    be read is named on standard error, the others are still shown, and the exit status says so.
    """
  let examples: KeyValuePairs = [
    "zoo predict resnet50 cat.jpg --top 3": "the three likeliest classes"
  ]
  let images = Positional<[String]>(
    "IMAGE", help: "JPEG or PNG files", completion: .files(endings: ["jpg", "jpeg", "png"]))
  let top = Option("--top", value: "K", default: 5, in: 1...100_000, help: "how many classes")
  let pixelLimit = Option(
    "--pixel-limit", value: "N", default: Picture.pixelLimit, in: 1...Int.max,
    help: "refuse pictures of more pixels")
  let draw = Option<String?>(
    "--draw", value: "DIR", help: "write each picture with its classes there, as PNG",
    completion: .folders)
  var arguments: [any Argument] { [Common.model, images, top, draw, pixelLimit, Common.precision] }

  func run(_ input: Parsed) throws {
    let model = try input.zoo().model(input[Common.model])
    if !model.checkpoint.random.isEmpty {
      try input.remark(
        "\(model.name) holds \(model.checkpoint.random.count) random tensors: its answers mean nothing"
      )
    }
    let name = model.name
    let classifier = try Classifier(
      consume model, engine: input[Common.engine], precision: input[Common.precision])
    var drawings = try input[draw].map { try DrawingFolder($0, sparing: input[images]) }
    let isJSON = try input.wantsJSON
    var results: [JSON] = []
    var firstError: ZooError?
    for image in try input[images] {
      do {
        let picture = try Picture(contentsOf: image, pixelLimit: input[pixelLimit])
        let answer = try classifier.classify(picture, top: input[top])
        results.append(["image": JSON(image), "top": JSON(answer.top.map(\.json))])
        if !isJSON { show(image, answer, among: try input[images].count) }
        if let path = try drawings?.write(answer.drawn(on: picture), of: image), !isJSON {
          print(path)
        }
      } catch let error as ZooError {
        if firstError != nil { writeError("zoo: \(error.message.printable)") }
        firstError = firstError ?? error
      }
    }
    if isJSON { emit(["model": JSON(name), "results": JSON(results)]) }
    if let firstError { throw firstError }
  }

  private func show(_ image: String, _ answer: Classification, among count: Int) {
    if count > 1 { print(image.printable) }
    var table = Table(.right("%"), "class")
    for guess in answer.top {
      table.add(decimal(Double(guess.probability) * 100, digits: 1), guess.name)
    }
    print(table.text())
  }
}

extension Classification.Guess {
  fileprivate var json: JSON {
    [
      "class": JSON(name), "index": JSON(index),
      // The shortest decimal that reads back as the same float32.
      "probability": JSON(Double("\(probability)") ?? Double(probability)),
    ]
  }
}
