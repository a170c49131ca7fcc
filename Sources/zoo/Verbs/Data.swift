import ModelZoo
import ZooArguments

struct DataVerb: Verb {
  let name = "data"
  let summary = "look for flaws in a data set"
  let discussion = """
    Counts pictures by class and split, and lists what may be wrong: pictures that cannot be read, \
    duplicates and near-duplicates (resized, recompressed, mirrored or turned), above all across \
    splits, classes with one picture, and unequal classes. With --model also the labels that are \
    probably wrong: a linear head on the model's frozen features is cross-validated, and labels that \
    it confidently contradicts are listed, the surest first.
    """
  let examples: KeyValuePairs = [
    "zoo data ants-and-bees": "counts, sizes and duplicates",
    "zoo data ants-and-bees --model resnet18": "also labels that are probably wrong",
  ]
  let folder = Positional<String>(
    "DATA", help: "data set, as for finetune --data", completion: .files(endings: ["csv", "json"]))
  let model = Option<String?>(
    "--model", value: "M", help: "model whose features judge the labels", completion: .models)
  let most = Option(
    "--most", value: "N", default: 20, in: 1...1_000_000, help: "entries to print of each list")
  var arguments: [any Argument] { [folder, model, most] }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let data = try Dataset.open(input[folder])
    try input.remark("\(data)")
    let quiet = try input[Common.quiet]
    let judge = try input[model].map { try zoo.model($0) }
    let decoding = Progress("reading", unit: .items("images"), quiet: quiet)
    let survey = try data.surveyed { decoding.update(done: $0, of: $1) }
    decoding.finish()
    let suspects = try judge.map { judge in
      let progress = Progress(judge.name, unit: .items("images"), quiet: quiet)
      defer { progress.finish() }
      return try judge.suspectLabels(
        in: data, duplicates: survey.duplicates, seed: UInt64(input[Common.seed]),
        engine: input[Common.engine]
      ) { progress.update(done: $0, of: $1) }
    }
    if try input.wantsJSON { return emit(survey.json(suspects)) }
    print(survey.text(suspects, most: try input[most]))
  }
}

extension DatasetSurvey {
  fileprivate func text(_ suspects: [SuspectLabel]?, most: Int) -> String {
    var parts = [counts]
    if !numbers.isEmpty { parts.append(ranges) }
    parts.append(facts.joined(separator: "\n"))
    func list(_ title: String, _ lines: [String]) {
      guard !lines.isEmpty else { return }
      let rest = lines.count > most ? ["  … and \(lines.count - most) more"] : []
      parts.append(
        ([title] + lines.prefix(most).map { "  " + $0.printable } + rest).joined(separator: "\n"))
    }
    list("cannot be read:", unreadable.map { "\($0.picture)  \($0.reason)" })
    list("skipped:", data.warnings)
    // The worst first: they spoil figures, or contradict each other.
    let order = duplicates.enumerated().sorted { a, b in
      (a.element.gravity, a.offset) < (b.element.gravity, b.offset)
    }
    list("duplicates:", order.map { $0.element.line })
    if let suspects {
      list(
        "labels that are probably wrong:",
        suspects.map {
          "\($0.picture)  \($0.label) \(decimal($0.confidence, digits: 2)), rather \($0.likely) "
            + decimal($0.likelyConfidence, digits: 2)
        })
      if suspects.isEmpty { parts.append("no label is suspect") }
    }
    return parts.joined(separator: "\n\n")
  }

  private var counts: String {
    let hasSeveral = data.splits.count > 1
    var columns: [Table.Column] = [classes.isEmpty ? "" : "class"]
    columns += data.splits.map { Table.Column.right($0.name) }
    if hasSeveral { columns.append(.right("all")) }
    if hasBoxes { columns.append(.right("boxes")) }
    var table = Table(columns)
    func add(_ name: String, _ pictures: [Int], _ objects: Int) {
      var row = [name] + pictures.map(grouped)
      if hasSeveral { row.append(grouped(pictures.reduce(0, +))) }
      if hasBoxes { row.append(grouped(objects)) }
      table.add(row)
    }
    // Masks do not tell their classes before they are read.
    let areCounted = classes.contains { $0.total > 0 }
    for entry in classes where areCounted {
      add(entry.name, entry.pictures, entry.objects)
    }
    add("pictures", data.splits.map(\.count), classes.reduce(0) { $0 + $1.objects })
    return table.text()
  }

  private var ranges: String {
    var table = Table("number", .right("least"), .right("median"), .right("greatest"))
    for (name, range) in zip(data.classes, numbers) {
      table.add(name, "\(range.least)", "\(range.median)", "\(range.greatest)")
    }
    return table.text()
  }

  private var facts: [String] {
    var lines: [String] = []
    if let smallest, let median, let largest {
      let words = [1: "grey", 3: "colour", 4: "with alpha"]
      let kinds = channels.sorted { $0.key < $1.key }.map {
        "\(grouped($0.value)) \(words[$0.key] ?? "of \($0.key) channels")"
      }
      lines.append(
        sizes == 1
          ? "every picture has \(largest.text) pixels; \(kinds.joined(separator: ", "))"
          : "\(smallest.text) to \(largest.text) pixels, median \(median.text), \(grouped(sizes)) "
            + "sizes; \(kinds.joined(separator: ", "))")
    }
    if let imbalance, imbalance >= 1.5 {
      lines.append(
        "the largest class has \(decimal(imbalance, digits: 1)) times the pictures of the smallest")
    }
    if !single.isEmpty {
      lines.append("a single picture: " + single.map(\.printable).joined(separator: ", "))
    }
    if unannotated > 0 {
      lines.append("\(grouped(unannotated)) pictures without \(hasBoxes ? "objects" : "a class")")
    }
    let (same, across) = (
      duplicates.count(where: \.isSame), duplicates.count(where: \.isAcrossSplits)
    )
    lines.append(
      "\(duplicates.isEmpty ? "no" : grouped(duplicates.count)) "
        + (duplicates.count == 1 ? "duplicate" : "duplicates")
        + (duplicates.isEmpty ? "" : ": \(same) the same, \(duplicates.count - same) alike")
        + (across > 0 ? ", \(across) across splits" : ""))
    return lines
  }

  fileprivate func json(_ suspects: [SuspectLabel]?) -> JSON {
    func size(_ size: Window.Size?) -> JSON { size.map { JSON([$0.width, $0.height]) } ?? nil }
    let splits = data.splits.map { split -> JSON in
      ["split": JSON(split.name), "pictures": JSON(split.count)]
    }
    let sides: JSON = [
      "smallest": size(smallest), "median": size(median), "largest": size(largest),
      "different": JSON(sizes),
    ]
    let broken = unreadable.map { flaw -> JSON in
      ["picture": JSON(flaw.picture), "reason": JSON(flaw.reason)]
    }
    let pairs = duplicates.map { pair -> JSON in
      [
        "pictures": JSON([pair.first, pair.second]), "same": JSON(pair.isSame),
        "acrossSplits": JSON(pair.isAcrossSplits), "differentClasses": JSON(pair.differsInClass),
      ]
    }
    var members: [(key: String, value: JSON)] = [
      ("data", JSON(data.path)), ("kind", JSON(data.kind.rawValue)),
      ("task", JSON(data.task.rawValue)), ("splits", JSON(splits)),
      numbers.isEmpty
        ? ("classes", JSON(classes.map(json))) : ("numbers", JSON(ranges(of: numbers))),
      ("imbalance", imbalance.map { JSON($0) } ?? nil), ("single", JSON(single)),
      ("unannotated", JSON(unannotated)), ("sizes", sides), ("unreadable", JSON(broken)),
      ("duplicates", JSON(pairs)), ("warnings", JSON(data.warnings)),
    ]
    if let suspects { members.append(("suspects", JSON(suspects.map(\.json)))) }
    return JSON(.object(members))
  }

  private func json(_ entry: ClassCount) -> JSON {
    let splits = zip(data.splits, entry.pictures).map {
      split, count -> (key: String, value: JSON) in
      (split.name, JSON(count))
    }
    return [
      "class": JSON(entry.name), "pictures": JSON(entry.total), "objects": JSON(entry.objects),
      "splits": JSON(.object(splits)),
    ]
  }

  private func ranges(of numbers: [(least: Float, median: Float, greatest: Float)]) -> [JSON] {
    zip(data.classes, numbers).map { name, range -> JSON in
      [
        "name": JSON(name), "least": JSON(Double(range.least)),
        "median": JSON(Double(range.median)), "greatest": JSON(Double(range.greatest)),
      ]
    }
  }
}

extension SuspectLabel {
  fileprivate var json: JSON {
    [
      "picture": JSON(picture), "class": JSON(label), "probability": JSON(confidence),
      "likely": JSON(likely), "likelyProbability": JSON(likelyConfidence),
    ]
  }
}

extension DatasetSurvey.Pair {
  /// Lower is worse.
  fileprivate var gravity: Int { (isAcrossSplits ? 0 : 2) + (differsInClass ? 0 : 1) }

  fileprivate var line: String {
    "\(first)  \(second)  \(isSame ? "the same" : "alike")"
      + (isAcrossSplits ? ", in two splits" : "") + (differsInClass ? ", of two classes" : "")
  }
}

extension Window.Size {
  fileprivate var text: String { "\(width)×\(height)" }
}
