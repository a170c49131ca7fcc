import ModelZoo
import ZooArguments

/// The options by which models are judged, shared by the verbs that do.
enum Judging {
  static let split = Option<String?>(
    "--split", value: "S",
    help: "split to use; val and test also name the parts that fine-tuning drew from the folder")
  static let includeLearned = Flag(
    "--include-learned", help: "judge also by pictures that the model learned from")
  static let classes = Option<[String]>(
    "--class", value: "OLD=NEW",
    help: "another name for a class of the data; classes that get one name are one class")
  static let groupBy = Option<String?>(
    "--group-by", value: "RULE",
    help: "draw groups instead of pictures for the intervals, by a rule as in finetune")
  static let batch = Option(
    "--batch", value: "N", default: 16, in: 1...65_536, help: "pictures per batch")
  static let ofTask = TaskArguments { $0.judgingOptions }

  /// The pictures that models are judged by, after remarks about them.
  static func pictures(
    of data: Dataset, for models: [Model], named names: String, _ input: Parsed
  ) throws -> JudgedPictures {
    let words = try input[classes]
    guard let renames = ClassRenames(words: words) else {
      throw ZooError.usage("--class wants OLD=NEW; got \(words.joined(separator: ", "))")
    }
    let data = try renames(data)
    try input.remark("\(data)")
    for warning in data.warnings { try input.remark("skipped: \(warning)") }
    let pictures = try JudgedPictures(
      of: data, split: input[split], for: models, includingLearned: input[includeLearned])
    if let remark = pictures.remark(about: names) { try input.remark(remark) }
    return pictures
  }

  static func examination(_ input: Parsed, for model: Model) throws -> Examination {
    Examination(
      engine: try input[Common.engine], precision: try input[Common.precision],
      batch: try input[batch], options: try ofTask.options(input, for: model))
  }

  /// Draws the groups of the pictures, if --group-by or a model's training names them.
  static func bootstrap(
    for pictures: JudgedPictures, judging models: [Model], _ input: Parsed
  ) throws -> Bootstrap {
    let items = pictures.data.splits[0].items
    var groups: [String: String]?
    if let rule = try input[groupBy] {
      groups = try pictures.data.groups(by: rule)
      guard Set(items.map { groups?[$0.name] }).count > 1 else {
        throw ZooError.corrupt(
          "all \(items.count) pictures are of one group by “\(rule)”; intervals need several")
      }
    } else {
      let rules = models.compactMap {
        $0.checkpoint.provenance.training?.recipe["group-by"]?.string
      }
      groups = rules.lazy.compactMap { try? pictures.data.groups(by: $0) }.first {
        Set($0.values).count > 1
      }
    }
    return Bootstrap(
      seed: UInt64(try input[Common.seed]),
      groups: groups.map { groups in items.map { groups[$0.name] ?? $0.name } })
  }
}

extension Report {
  /// With the choice of the pictures, if the model records which it learned from, and the intervals.
  func json(
    with pictures: JudgedPictures, _ intervals: [String: ClosedRange<Double>]?, groups: Int?
  ) -> JSON {
    guard case .object(var members) = json.content else { return json }
    if let intervals {
      members.append(("intervals", json(of: intervals)))
      if let groups { members.append(("groups", JSON(groups))) }
    }
    if pictures.isKnown { members.append(("pictures", pictures.json)) }
    return JSON(.object(members))
  }
}
