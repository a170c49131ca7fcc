import ModelZoo
import ZooArguments

struct DiffVerb: Verb {
  let name = "diff"
  let summary = "compare a checkpoint file with a variant"
  let discussion = """
    Compares names and shapes without loading any weights, and suggests the nearest name for each \
    tensor that does not fit. Without --as, the variant is the one that fits best. If renaming rules would make names fit, they are printed in the \
    catalogue's format; --rename tries them.
    """
  let examples: KeyValuePairs = [
    "zoo diff mine.pth --as resnet50": "check whether a file fits",
    "zoo diff mine.pth --as resnet50 --rename encoder=": "strip a prefix",
  ]
  var arguments: [any Argument] {
    [Foreign.file, Foreign.variant, Foreign.classes, Foreign.head, Foreign.renames]
  }

  func run(_ input: Parsed) throws {
    let fitting = try input.fitting(input.zoo())
    let plan = fitting.plan
    try input.remarkGuess(of: fitting)
    try input.remarkPrefix(of: plan)
    if let better = fitting.better { try input.remark("\(better) fits better") }
    let renames = try plan.proposedRenames()
    if try input.wantsJSON {
      guard case .object(let members) = plan.json(variant: fitting.variant.name).content else {
        return
      }
      return emit(JSON(.object(members + [("renames", JSON(renames.map(\.json)))])))
    }
    let transposed = plan.transposed == 0 ? "" : ", \(plan.transposed) of them transposed"
    print(
      "\(plan.source.origin) (\(plan.source.format)) as \(fitting.variant.name): "
        + "\(plan.matched.count) tensors match\(transposed), \(plan.percent)")
    for line in plan.differences { print(line.printable) }
    guard !renames.isEmpty else { return }
    print(
      "\nsuggested renames, for the catalogue or for --rename FROM=TO:")
    for (index, rename) in renames.enumerated() {
      let comma = index == renames.count - 1 ? "" : ","
      print("  \(rename.json.text())\(comma)")
    }
  }
}

extension LoadPlan {
  /// 100 % only if every tensor fits.
  var percent: String {
    let percent = isComplete ? 100 : min(coverage * 100, 99.9)
    return "\(decimal(percent, digits: 1)) % of the numbers"
  }

  /// A line for every tensor that does not fit, with a similar name.
  var differences: [String] {
    func near(_ name: String?) -> String { name.map { "  near \($0)" } ?? "" }
    return missing.map { "missing     \($0.parameter.name) \($0.parameter.shape)\(near($0.near))" }
      + unexpected.map { "unexpected  \($0.source.name) \($0.source.shape)\(near($0.near))" }
      + mismatched.map { "mismatched  \($0.explanation)\(near($0.near))" }
  }
}
