import ModelZoo
import ZooArguments

struct PluginsVerb: Verb {
  let name = "plugins"
  let summary = "which families are here and what each registers"

  func run(_ input: Parsed) throws {
    let families = try input.zoo().registry.families
    if try input.wantsJSON {
      return emit(
        JSON(
          try families.map { family -> JSON in
            [
              "family": JSON(family.name), "origin": JSON(family.origin),
              "paper": JSON(family.paper), "variants": JSON(family.variants.map(\.name)),
              "stages": JSON(try family.stages),
            ]
          }))
    }
    var table = Table("family", "from", "paper", .filling("variants"))
    for family in families {
      table.add(
        family.name, family.origin, family.paper,
        family.variants.map(\.name).joined(separator: " "))
    }
    print(table.text())
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
}
