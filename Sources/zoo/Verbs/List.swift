import ModelZoo
import ZooArguments

struct ListVerb: Verb {
  let name = "list"
  let summary = "list checkpoints and variants"
  let discussion = """
    Lists every checkpoint in the catalogue, and every variant without one. PATTERN is part of a \
    name, or has wildcards: 'resnet*'.

    --where compares params, macs, top1, top5, mAP, license, task, family, variant or name with \
    <, <=, >, >=, = or !=. Several conditions are separated by spaces and must all hold. Numbers may \
    end in K, M or G.
    """
  let examples: KeyValuePairs = [
    "zoo list 'resnet*'": "list every ResNet",
    "zoo list --where 'params<30M top1>75'": "list small, accurate models",
  ]
  let pattern = Positional<String?>("PATTERN", help: "names to list", completion: .models)
  let task = Option<String?>(
    "--task", value: "T", of: Tasks.names.map(\.rawValue), help: "only models for this task")
  let family = Option<String?>("--family", value: "F", help: "only this family")
  let condition = Option<String?>(
    "--where", value: "CONDITIONS", help: "only models that meet all conditions")
  let isInstalled = Flag("--installed", help: "only models whose weights are installed")
  var arguments: [any Argument] { [pattern, task, family, condition, isInstalled] }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let conditions = try Condition.all(in: input[condition] ?? "")
    let pattern = try input[pattern].map(Pattern.init)
    let task = try input[task]
    let family = try input[family]
    if let family, !zoo.registry.families.contains(where: { $0.name.matches(family) }) {
      throw ZooError.notFound(
        "no family is called \(family)"
          + suggestion(family, among: zoo.registry.families.map(\.name)))
    }
    let onlyInstalled = try input[isInstalled]

    let all = try zoo.listings()
    let listings = try all.filter { listing in
      try pattern.map { $0.matches(listing.name) || $0.matches(listing.variant) } ?? true
        && task.map { $0 == listing.task.rawValue } ?? true
        && family.map { listing.family.matches($0) } ?? true
        && (!onlyInstalled || listing.isInstalled)
        && conditions.allSatisfy { try $0.holds(for: listing) }
    }
    if try input.wantsJSON { return emit(JSON(listings.map(\.json))) }
    var table = Table(
      "name", "family", "task", .right("params"), .right("MACs"), .right("metric"), "licence",
      "here")
    for listing in listings {
      let metric = listing.metrics.first.map { "\($0.name) \(decimal($0.value, digits: 1))" }
      table.add(
        listing.name, listing.family, listing.task.rawValue, short(listing.parameters),
        short(listing.macs), metric ?? "–", listing.license ?? "–", listing.isInstalled ? "yes" : ""
      )
    }
    if table.count > 0 { print(table.text()) }
    try input.remark("\(listings.count) of \(all.count); 'zoo pull NAME' downloads weights")
  }
}

/// One line of the list.
struct Listing {
  let name: String
  let variant: String
  let family: String
  let task: VisionTask
  let parameters: Int
  let macs: Int
  let license: String?
  let metrics: [Metric]
  let isInstalled: Bool

  var json: JSON {
    [
      "name": JSON(name), "variant": JSON(variant), "family": JSON(family),
      "task": JSON(task.rawValue), "parameters": JSON(parameters), "macs": JSON(macs),
      "license": JSON(license),
      "metrics": JSON(.object(metrics.map { ($0.name, JSON($0.value)) })),
      "installed": JSON(isInstalled),
    ]
  }
}

extension Zoo {
  /// Every checkpoint of a registered family and every variant without one, by family and name.
  func listings() throws -> [Listing] {
    try registry.allVariants.flatMap { variant in
      let graph = try variant.graph()
      let records = catalog.records(of: variant.name)
      guard !records.isEmpty else {
        return [
          Listing(
            name: variant.name, variant: variant.name, family: variant.family,
            task: variant.architecture.task, parameters: graph.inferenceParameterCount,
            macs: graph.macs, license: nil, metrics: [], isInstalled: false)
        ]
      }
      return try records.map { record in
        let isUsual =
          record.head == .original && record.classes.count == variant.architecture.classes
          && record.input(of: variant) == variant.architecture.input
        let graph = isUsual ? graph : try record.graph(of: variant)
        return Listing(
          name: record.name, variant: variant.name, family: variant.family, task: record.task,
          parameters: graph.inferenceParameterCount, macs: graph.macs, license: record.license,
          metrics: record.metrics, isInstalled: installed(record) != nil)
      }
    }
  }
}
