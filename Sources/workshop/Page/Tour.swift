import ModelZoo

/// The output of the commands of `.ci/demo` in a folder.
struct Tour {
  let ours, scratch: TrainedRun
  /// On the run that starts from trained weights.
  let report: ModelReport
  let scratchAccuracy: Double
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

    /// The results drawn on a picture.
    func drawing(of image: String) throws -> Picture {
      let file = image.split(separator: "/").last ?? ""
      return try Picture(
        contentsOf: "\(drawings)/\(file.prefix(upTo: file.lastIndex(of: ".") ?? file.endIndex)).png"
      )
    }
  }

  init(_ folder: String) throws {
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
    let judged = "\(folder)/scratch.json"
    guard
      let accuracy = try JSON(parsing: text(of: judged), origin: judged)["metrics"]?["accuracy"]?
        .number
    else { throw ZooError.corrupt("\(judged) is no answer of zoo evaluate") }
    scratchAccuracy = accuracy
    ours = try TrainedRun("\(folder)/pretrained")
    scratch = try TrainedRun("\(folder)/scratch")
    guard let path = try ours.data else {
      throw ZooError.corrupt("\(folder)/pretrained/run.json is not a record of a run")
    }
    data = try Dataset.open(path)
    report = try Zoo().model(ours.best).report(on: data, split: "test", run: ours)
  }

  /// The threads of the run.
  var threads: Int { ours.record?["machine"]?["threads"]?.integer ?? 1 }

  /// The time of the first command that contains all of these words.
  func seconds(_ words: String...) -> Double? {
    commands.first { command in words.allSatisfy { command.text.contains($0) } }?.seconds
  }
}

/// The text of a small file.
private func text(of path: String) throws -> String {
  let file = try RandomAccessFile(path)
  return String(decoding: try file.read(at: 0, count: file.size), as: UTF8.self)
}
