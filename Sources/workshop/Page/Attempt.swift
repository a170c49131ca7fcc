import ModelZoo

/// One of the two runs: its epochs, and its model's predictions for all test pictures.
struct Attempt {
  /// The name on the page.
  let name: String
  /// Whether it is the run that the page is about, rather than the one for comparison.
  let isOurs: Bool
  let recipe: JSON
  let machine: JSON
  let epochs: [Epoch]
  let classes: [String]
  let answers: [Answer]
  let report: Report
  /// The test items, ranked by the probability of the last class.
  let ranking: Ranking

  struct Epoch {
    let number: Int
    let loss, accuracy: Double
  }

  struct Answer {
    let image: String
    let truth, predicted: Int
    /// The confidence of the prediction.
    let probability: Float
  }

  /// - Parameters:
  ///   - run: the folder that `zoo finetune` wrote.
  ///   - table: the file that `zoo evaluate --csv` wrote for its best epoch.
  init(_ name: String, isOurs: Bool, run: String, table path: String) throws {
    let record = try JSON(parsing: text(of: "\(run)/run.json"), origin: "\(run)/run.json")
    guard let recipe = record["about"]?["recipe"], let machine = record["machine"] else {
      throw ZooError.corrupt("\(run)/run.json is not a record of a run")
    }
    let log = try Columns(contentsOf: "\(run)/log.csv")
    let (losses, accuracies) = (try log.numbers("loss"), try log.numbers("accuracy"))
    epochs = zip(losses, accuracies).enumerated().map {
      Epoch(number: $0 + 1, loss: $1.0, accuracy: $1.1)
    }
    let table = try Columns(contentsOf: path)
    let classes = Array(table.names.dropFirst(3))
    func index(_ name: String) throws -> Int {
      guard let index = classes.firstIndex(of: name) else {
        throw ZooError.corrupt("\(path): “\(name)” is none of its classes")
      }
      return index
    }
    let scores = try classes.map { try table.numbers($0).map { Float($0) } }
    let (truths, predicted) = (try table["truth"].map(index), try table["predicted"].map(index))
    answers = try table["image"].enumerated().map { row, image in
      Answer(
        image: image, truth: truths[row], predicted: predicted[row],
        probability: scores[predicted[row]][row])
    }
    var metrics = ClassificationMetrics(classes: classes)
    try metrics.update(
      probabilities: answers.indices.flatMap { row in scores.map { $0[row] } }, labels: truths)
    guard !epochs.isEmpty, let last = classes.indices.last, let ranking = metrics.ranking(of: last)
    else { throw ZooError.corrupt("\(path) and \(run)/log.csv hold no results") }
    report = metrics.report(model: name, data: path)
    self.ranking = ranking
    self.classes = classes
    (self.name, self.isOurs, self.recipe, self.machine) = (name, isOurs, recipe, machine)
  }

  var accuracy: Double { report["accuracy"] ?? 0 }

  /// The best epoch, the latest on ties, which the trainer keeps.
  var kept: Epoch? {
    let best = epochs.map(\.accuracy).filter(\.isFinite).max()
    return epochs.last { $0.accuracy == best }
  }
}
