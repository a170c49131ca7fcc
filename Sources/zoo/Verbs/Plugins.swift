import ModelZoo
import ZooArguments
import ZooConformance

struct PluginsVerb: Verb {
  let name = "plugins"
  let summary = "list model families and check their conformance"
  let discussion = """
    Lists the origin, stages and variants of each family. --check tests the families, on their \
    miniatures, for everything that the host relies on. That takes a second or two each; if one \
    fails, the exit status is 1.
    """
  let examples: KeyValuePairs = [
    "zoo plugins --check ResNet": "check one family",
    "zoo plugins --plugin ./libMyNet.so --check MyNet": "check a plugin of your own",
  ]
  let pattern = Positional<[String]>("FAMILY", atLeast: 0, help: "name of a family, or part of one")
  let check = Flag("--check", help: "run the conformance checks")
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
  /// The stages of its variants, without duplicates.
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
