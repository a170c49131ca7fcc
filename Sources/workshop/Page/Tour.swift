import ModelZoo

/// The output of the commands of `.ci/demo` in a folder.
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

  /// The results and drawings of `zoo predict --json --draw`.
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

    /// The file in which the results are drawn on a picture.
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

  /// The time of the first command that contains all of these words.
  func seconds(_ words: String...) -> Double? {
    commands.first { command in words.allSatisfy { command.text.contains($0) } }?.seconds
  }
}
