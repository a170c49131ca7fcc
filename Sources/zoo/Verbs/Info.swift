import ModelZoo
import ZooArguments

struct InfoVerb: Verb {
  let name = "info"
  let summary = "show everything known about a model"
  let examples: KeyValuePairs = [
    "zoo info resnet50": "paper, classes, preprocessing, licence and more"
  ]
  var arguments: [any Argument] { [Common.model] }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let entry = try zoo.entry(input[Common.model])
    if let damage = entry.damage { try input.remark("\(damage); this is the catalogue's record") }
    if try input.wantsJSON { return emit(entry.json) }
    var table = Table("", .filling(""))
    for (key, value) in entry.lines { table.add(key, value) }
    print(table.text())
  }
}

/// Everything known about a model, whether or not its weights are installed.
struct Entry {
  let name: String
  let variant: Variant
  let graph: Graph
  let checkpoint: Checkpoint?
  let record: Catalog.Record?
  let path: String?
  /// Why the file at ``path`` cannot be read.
  var damage: String?

  /// The network for another input shape.
  func graph(input: Shape) throws -> Graph {
    let head = checkpoint?.head ?? record?.head ?? .original
    let classes = checkpoint != nil || record != nil ? classes.count : variant.architecture.classes
    return try variant.graph(head: head(classes: classes), input: input)
  }

  /// The checkpoint's task, which may differ from the architecture's.
  var task: VisionTask { checkpoint?.task ?? record?.task ?? variant.architecture.task }
  /// The input of the checkpoint's own network, which may have another number of channels.
  private var input: Shape { graph.operations[graph.inputs[0].operation].shape }
  private var classes: [String] { checkpoint?.classes ?? record?.classes ?? [] }
  private var preprocessing: Preprocessing? { checkpoint?.preprocessing ?? record?.preprocessing }
  private var metrics: [Metric] { checkpoint?.metrics ?? record?.metrics ?? [] }
  private var license: String? { checkpoint?.license ?? record?.license }
  private var source: String? { checkpoint?.provenance.url ?? record?.source?.url }
  private var training: Checkpoint.Training? { checkpoint?.provenance.training }

  var json: JSON {
    [
      "name": JSON(name), "variant": JSON(variant.name), "family": JSON(variant.family),
      "paper": JSON(variant.paper), "task": JSON(task.rawValue),
      "parameters": JSON(graph.inferenceParameterCount),
      "auxiliaryParameters": JSON(graph.auxiliaryParameterCount), "macs": JSON(graph.macs),
      "input": JSON(input.sizes), "classes": JSON(classes),
      "preprocessing": preprocessing?.json ?? nil,
      "threshold": (checkpoint?.threshold).map { JSON($0) } ?? nil,
      "normEpsilon": (checkpoint?.normEpsilon ?? record?.normEpsilon).map { JSON($0) } ?? nil,
      "license": JSON(license), "source": JSON(source),
      "sha256": JSON(checkpoint?.provenance.sha256 ?? record?.source?.sha256),
      "training": training?.summary ?? nil, "confidence": checkpoint?.confidence?.json ?? nil,
      "novelty": checkpoint?.novelty?.json ?? nil,
      "metrics": JSON(metrics.map(\.json)), "stages": JSON(graph.stages),
      "random": JSON(checkpoint?.random ?? []), "installed": JSON(path != nil), "path": JSON(path),
    ]
  }

  var lines: [(String, String)] {
    var lines = [
      ("name", name), ("variant", variant.name), ("family", variant.family),
      ("paper", variant.paper), ("task", task.rawValue),
      ("parameters", graph.countedParameters), ("MACs", grouped(graph.macs)),
      ("input", "\(input)"),
    ]
    if !classes.isEmpty {
      let more = classes.count > 5 ? ", …" : ""
      lines.append(
        ("classes", "\(classes.count): \(classes.prefix(5).joined(separator: ", "))\(more)"))
    }
    if let preprocessing { lines.append(("preprocessing", preprocessing.sentence)) }
    if let threshold = checkpoint?.threshold {
      lines.append(
        ("threshold", "\(threshold): what scores less is not shown, unless --score says so"))
    }
    lines.append(("stages", graph.stages.joined(separator: " ")))
    for metric in metrics {
      let when = metric.date.map { ", \($0)" } ?? ""
      lines.append((metric.name, "\(metric.value) on \(metric.dataset) (\(metric.source)\(when))"))
    }
    lines.append(("licence", license ?? "unknown"))
    if let source { lines.append(("source", source)) }
    if let training { lines += [("trained", training.sentence), ("recipe", training.options)] }
    if let confidence = checkpoint?.confidence { lines.append(("confidence", confidence.sentence)) }
    if let novelty = checkpoint?.novelty { lines.append(("novelty", novelty.sentence)) }
    if let random = checkpoint?.random, !random.isEmpty {
      lines.append(
        (
          "random",
          "\(random.count) tensors are random, not imported: \(random[0]), …"
        ))
    }
    lines.append(("here", place))
    return lines
  }

  private var place: String {
    let way =
      switch record?.place {
      case .published: "'zoo pull \(name)' downloads it"
      case .included(let file, _): "it comes with the program as Weights/\(file)"
      case nil: "no weights are published"
      }
    guard let path else { return "no; \(way)" }
    return damage == nil ? path : "\(path) is damaged; remove it, and \(way)"
  }
}

extension Zoo {
  func entry(_ name: String) throws -> Entry {
    switch try reference(name) {
    case .variant(let variant):
      return Entry(
        name: name, variant: variant, graph: try variant.graph(), checkpoint: nil, record: nil,
        path: nil)
    case .record(let record):
      let path = installed(record)
      var damage: String?
      do {
        if let path { return try entry(of: path, record: record) }
      } catch let error as ZooError where error.kind == .corrupt {
        damage = error.message
      }
      let variant = try registry.variant(record.variant)
      return Entry(
        name: record.name, variant: variant, graph: try record.graph(of: variant), checkpoint: nil,
        record: record, path: path, damage: damage)
    case .file(let path): return try entry(of: path, record: nil)
    }
  }

  private func entry(of path: String, record: Catalog.Record?) throws -> Entry {
    let (checkpoint, variant, graph) = try WeightStore(ofModel: path).network(in: registry)
    return Entry(
      name: record?.name ?? checkpoint.provenance.name ?? path, variant: variant, graph: graph,
      checkpoint: checkpoint, record: record, path: path)
  }
}

extension Graph {
  /// The parameters of heads that are used only in training.
  var auxiliaryParameterCount: Int { parameterCount - inferenceParameterCount }

  /// “6,624,904, and 6,379,984 of auxiliary heads, used only in training: 13,004,888 in all”
  fileprivate var countedParameters: String {
    let own = grouped(inferenceParameterCount)
    guard auxiliaryParameterCount > 0 else { return own }
    return own
      + ", and \(grouped(auxiliaryParameterCount)) of auxiliary heads, used only in training: "
      + "\(grouped(parameterCount)) in all"
  }
}
