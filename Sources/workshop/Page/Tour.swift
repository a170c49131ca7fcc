import ModelZoo

/// What the verbs of `.ci/demo` left in a folder.
struct Tour {
  let ours, scratch: Attempt
  let data: Dataset
  let commands: [Command]
  /// The lines of `zoo list --installed`.
  let zoo: [JSON]
  let word, boxes, areas: Predictions

  struct Command {
    let seconds: Double
    let text: String
  }

  /// What `zoo predict --json --draw` said and drew.
  struct Predictions {
    let model: String
    let results: [JSON]
    private let drawings: String

    init(_ name: String, in folder: String) throws {
      let path = "\(folder)/\(name).json"
      let answer = try JSON(parsing: text(of: path), origin: path)
      guard let model = answer["model"]?.string, let results = answer["results"]?.list else {
        throw ZooError.corrupt("\(path) is no answer of zoo predict")
      }
      (self.model, self.results) = (model, results)
      drawings = "\(folder)/\(name)"
    }

    /// Where what was found is drawn on a picture.
    func drawing(of image: String) -> String {
      let file = image.split(separator: "/").last ?? ""
      return "\(drawings)/\(file.prefix(upTo: file.lastIndex(of: ".") ?? file.endIndex)).png"
    }
  }

  init(_ folder: String) throws {
    ours = try Attempt(
      "pretrained", isOurs: true, run: "\(folder)/pretrained", table: "\(folder)/pretrained.csv")
    scratch = try Attempt(
      "from random", isOurs: false, run: "\(folder)/scratch", table: "\(folder)/scratch.csv")
    guard ours.classes == scratch.classes, let path = ours.recipe["data"]?.string else {
      throw ZooError.corrupt("\(folder): the two runs learned different classes")
    }
    data = try Dataset.open(path)
    let list = "\(folder)/list.json"
    zoo = try JSON(parsing: text(of: list), origin: list).list ?? []
    commands = try text(of: "\(folder)/commands").split(separator: "\n").map { line in
      let words = line.split(separator: " ", maxSplits: 1)
      guard words.count == 2, let seconds = Double(words[0]) else {
        throw ZooError.corrupt("\(folder)/commands: “\(line)” is no command after its seconds")
      }
      return Command(seconds: seconds, text: String(words[1]))
    }
    word = try Predictions("word", in: folder)
    boxes = try Predictions("boxes", in: folder)
    areas = try Predictions("areas", in: folder)
  }

  /// How long the first command with all of these words took.
  func seconds(_ words: String...) -> Double? {
    commands.first { command in words.allSatisfy { command.text.contains($0) } }?.seconds
  }
}
