import ModelZoo
import ZooArguments
import ZooConformance

struct PluginsVerb: Verb {
  let name = "plugins"
  let summary = "which families are here and what each registers"
  let discussion = """
    Where each family comes from, its variants and their stages. With --check every family, or the \
    ones that the patterns name, is held to what the host relies on: a second or two for each, on \
    its miniatures. The status is 1 where one does not keep to it.
    """
  let examples: KeyValuePairs = [
    "zoo plugins --check ResNet": "does this family conform",
    "zoo plugins --plugin ./libMyNet.so --check MyNet": "does my own",
  ]
  let pattern = Positional<[String]>("FAMILY", atLeast: 0, help: "its name, or a part of it")
  let check = Flag("--check", help: "run the conformance checks now")
  var arguments: [any Argument] { [pattern, check] }

  func run(_ input: Parsed) throws {
    let all = try input.zoo().registry.families
    let patterns = try input[pattern]
    let families = all.filter { family in
      patterns.isEmpty || patterns.contains { Pattern($0).matches(family.name) }
    }
    for pattern in patterns where !all.contains(where: { Pattern(pattern).matches($0.name) }) {
      throw ZooError.notFound(
        "no family is called \(pattern)" + suggestion(pattern, among: all.map(\.name)))
    }
    var findings: [String: [Conformance.Finding]] = [:]
    if try input[check] {
      let progress = Progress("checking", unit: .items("family"), quiet: try input[Common.quiet])
      for (index, family) in families.enumerated() {
        findings[family.name] = Conformance(family).findings()
        progress.update(done: index + 1, of: families.count)
      }
      progress.finish()
    }
    try input.wantsJSON
      ? emit(JSON(try families.map { try $0.json(findings[$0.name]) }))
      : show(families, findings)
    let bad = families.filter { findings[$0.name]?.isEmpty == false }.map(\.name)
    if !bad.isEmpty {
      throw ZooError.failure(
        "\(bad.joined(separator: ", ")) \(bad.count == 1 ? "does" : "do") not conform")
    }
  }

  private func show(
    _ families: [Registry.Family], _ findings: [String: [Conformance.Finding]]
  ) throws {
    var table = Table("family", "from", "conformance", "stages", .filling("variants"))
    for family in families {
      let result = findings[family.name].map { $0.isEmpty ? "passed" : "\($0.count) findings" }
      table.add(
        family.name, family.origin, result ?? "not checked",
        try family.stages.joined(separator: " "),
        family.variants.map(\.name).joined(separator: " "))
    }
    print(table.text())
    for finding in families.flatMap({ findings[$0.name] ?? [] }) { print("\(finding)".printable) }
  }
}

extension Registry.Family {
  /// The stages of its variants, each once.
  fileprivate var stages: [String] {
    get throws {
      var seen: Set<String> = []
      return try variants.flatMap { try $0.graph().stages }.filter { seen.insert($0).inserted }
    }
  }

  fileprivate func json(_ findings: [Conformance.Finding]?) throws -> JSON {
    var members: [(key: String, value: JSON)] = [
      ("family", JSON(name)), ("origin", JSON(origin)), ("paper", JSON(paper)),
      ("variants", JSON(variants.map(\.name))), ("stages", JSON(try stages)),
    ]
    if let findings {
      let conformance: JSON = [
        "passed": JSON(findings.isEmpty),
        "findings": JSON(
          findings.map { finding -> JSON in
            [
              "check": JSON(finding.check.rawValue), "subject": JSON(finding.subject),
              "message": JSON(finding.message),
            ]
          }),
      ]
      members.append(("conformance", conformance))
    }
    return JSON(.object(members))
  }
}
